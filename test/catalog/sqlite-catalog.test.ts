import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { AssetId, FileIdentity, Fingerprint, PoolKey, RecipeHash } from '../../src/base/ids.js';
import { type RealPath, ROOT, type VirtualPath } from '../../src/base/paths.js';
import type { FoundFile } from '../../src/catalog/asset.js';
import type { Catalog, VariantRow } from '../../src/catalog/catalog.js';
import { likenessOf } from '../../src/catalog/likeness.js';
import { indexPool } from '../../src/catalog/rebuild.js';
import { servablePages } from '../../src/catalog/servable-pages.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { openPool } from '../../src/pool/directory-pool.js';
import { openDatabase } from '../../src/store/database.js';
import { makeProxy, manifestOf } from '../pool/sample-manifest.js';
import { SAMPLE_MEDIA } from './sample-media.js';

const vp = (path: string) => path as VirtualPath;
const fp = (text: string) => text.padEnd(64, '0') as Fingerprint;
const ELIGIBLE = { kind: 'eligible' } as const;

function open(test: { testdir(): string }): Catalog {
  return createCatalog(openDatabase(join(test.testdir(), 'catalog.db') as RealPath));
}

function file(path: string, ino: number, content = 1, dev = 1): FoundFile {
  const identity = { dev: BigInt(dev), ino: BigInt(ino) };
  return { path: vp(path), identity, master: { size: BigInt(content), mtimeNs: BigInt(content) } };
}

/** Observed, described and with a proxy. */
function known(catalog: Catalog, found: FoundFile, fingerprint = fp('f')): AssetId {
  const { asset } = catalog.observe(found);
  catalog.describe(asset.id, { fingerprint, media: SAMPLE_MEDIA, eligibility: ELIGIBLE });
  catalog.recordVariant(variantOf(asset.id, found));
  return asset.id;
}

function variantOf(asset: AssetId, found: FoundFile): VariantRow {
  const poolKey = 'k'.repeat(64) as PoolKey;
  return { asset, profile: 'p', poolKey, extension: '.mov', size: 5, guard: found.master };
}

t.test('a new file is an asset without facts; described, it keeps them over a restart', async (t) => {
  const database = join(t.testdir(), 'catalog.db') as RealPath;
  const first = createCatalog(openDatabase(database));
  // Values that neither a double nor a signed integer holds.
  const identity: FileIdentity = { dev: 2n ** 64n - 1n, ino: 2n ** 63n + 1n };
  const master = { size: 2n ** 53n + 1n, mtimeNs: -1_700_000_000_123_456_789n };
  const { asset, state } = first.observe({ path: vp('a.mov'), identity, master });
  t.equal(state, 'new');
  t.match(asset, { fingerprint: undefined, media: undefined, eligibility: { kind: 'unknown' } });
  const facts = { fingerprint: fp('f'), media: SAMPLE_MEDIA, eligibility: ELIGIBLE };
  const described = first.describe(asset.id, facts);
  first.recordVariant({ ...variantOf(asset.id, file('a.mov', 1)), guard: master });
  first.close();
  const second = createCatalog(openDatabase(database));
  t.strictSame(second.byIdentity(identity), {
    ...{ id: asset.id, identity, paths: [vp('a.mov')], master },
    ...{ ...facts, isDescribed: true, likeness: likenessOf(SAMPLE_MEDIA) },
  });
  t.strictSame(second.byPath(vp('a.mov')), described);
  t.strictSame(second.get(asset.id), described);
  const other = second.observe({ path: vp('b.mov'), identity: { dev: 1n, ino: 1n }, master }).asset;
  second.observe({ path: vp('also b.mov'), identity: other.identity, master });
  const missing = 12345 as AssetId;
  t.strictSame(second.getAll([other.id, missing, asset.id]), [second.get(other.id), described]);
  t.strictSame(second.getAll([other.id])[0]?.paths, [vp('also b.mov'), vp('b.mov')]);
  t.equal(second.variantsOf(asset.id)[0]?.guard.mtimeNs, master.mtimeNs);
  second.close();
});

t.test('a clip that is renamed, moved or linked keeps everything', async (t) => {
  const catalog = open(t);
  const id = known(catalog, file('a.mov', 1));
  t.match(catalog.observe(file('a.mov', 1)), { state: 'same', asset: { id } });
  t.match(catalog.observe(file('b/a.mov', 1)), { state: 'moved', asset: { id, paths: ['a.mov', 'b/a.mov'] } });
  t.same(catalog.variantsOfAll([id, 99 as typeof id]), new Map([[id, catalog.variantsOf(id)]]));
  t.equal(catalog.forget([vp('a.mov'), vp('never/there.mov')]), 1);
  t.match(catalog.byPath(vp('b/a.mov')), { id, paths: ['b/a.mov'], fingerprint: fp('f'), eligibility: ELIGIBLE });
  t.equal(catalog.variantsOf(id).length, 1);
  catalog.close();
});

t.test('changed content is unknown again and has no proxy', async (t) => {
  const catalog = open(t);
  const id = known(catalog, file('a.mov', 1));
  const recipeHash = 'r' as RecipeHash;
  catalog.recordFailure({ asset: id, profile: 'q', recipeHash, reason: 'x', rejected: true });
  const { state, asset } = catalog.observe(file('a.mov', 1, 2));
  t.equal(state, 'changed');
  t.match(asset, { id, fingerprint: undefined, media: undefined, eligibility: { kind: 'unknown' } });
  t.same([catalog.variantsOf(id), catalog.failures()], [[], []]);
  catalog.close();
});

t.test('device numbers may change over a reboot, also to those of another disk', async (t) => {
  const catalog = open(t);
  const a = known(catalog, file('a/x.mov', 7, 1, 1), fp('a'));
  const b = known(catalog, file('b/y.mov', 7, 2, 2), fp('b'));
  t.match(catalog.observe(file('a/x.mov', 7, 1, 2)), { state: 'back', asset: { id: a, fingerprint: fp('a') } });
  t.match(catalog.observe(file('b/y.mov', 7, 2, 1)), { state: 'back', asset: { id: b, fingerprint: fp('b') } });
  t.equal(catalog.variantsOf(a).length + catalog.variantsOf(b).length, 2);
  catalog.close();
});

t.test('another file under a known name is a new asset, even with the same size and time', async (t) => {
  const catalog = open(t);
  const id = known(catalog, file('a.mov', 1));
  const { state, asset } = catalog.observe(file('a.mov', 2));
  t.equal(state, 'new');
  t.not(asset.id, id);
  t.same(catalog.variantsOf(asset.id), []);
  t.same(catalog.get(id)?.paths, [], 'the old one is gone, with its fingerprint');
  catalog.close();
});

t.test('a large catalog is read in pages, while others write to it', async (t) => {
  const catalog = open(t);
  const files = Array.from({ length: 700 }, (_, index) => file(`${index}.mov`, index + 1));
  const ids = catalog.observeAll(files).map(({ id }) => id);
  catalog.forget([vp('400.mov'), vp('699.mov')]);
  const seen: AssetId[] = [];
  const sizes: number[] = [];
  for await (const page of servablePages(catalog)) {
    // Reading in one go refuses a write meanwhile.
    catalog.forget([vp('0.mov')]);
    seen.push(...page.map(({ id }) => id));
    sizes.push(page.length);
  }
  t.same(seen, [...ids.slice(0, 400), ...ids.slice(401, 699)], 'each once, in their order, none without a name');
  t.same(sizes, [250, 250, 198]);
  t.same(
    [...catalog.servable(seen.at(-3))].map(({ id }) => id),
    seen.slice(-2),
  );
  const abort = new AbortController();
  const pages = servablePages(catalog, abort.signal);
  t.equal((await pages.next()).done, false);
  abort.abort(new Error('enough'));
  await t.rejects(pages.next(), { message: 'enough' });
  catalog.close();
});

t.test('an outline is the asset without what only encoding asks for', async (t) => {
  const catalog = open(t);
  const id = known(catalog, file('a.mov', 1));
  const asset = catalog.get(id);
  if (asset === undefined) throw new Error('it is there');
  const { media, isDescribed, likeness, fingerprint, ...rest } = asset;
  t.ok(media !== undefined && isDescribed && likeness !== undefined && fingerprint !== undefined);
  for (const outline of [catalog.outline(id), catalog.outlineAt(vp('a.mov')), catalog.outlineOf(rest.identity)])
    t.same(outline, rest);
  t.equal(catalog.outlineAt(vp('b.mov')), undefined);
  catalog.close();
});

t.test('a clip that vanished and comes back as a copy has its proxy again', async (t) => {
  const catalog = open(t);
  const id = known(catalog, file('a.mov', 1, 1));
  catalog.forget([vp('a.mov')]);
  t.same([catalog.below(ROOT), [...catalog.servable()], catalog.counts().total], [[], [], 0]);
  const { asset } = catalog.observe(file('restored/a.MOV', 9, 2));
  t.not(asset.id, id);
  catalog.describe(asset.id, { fingerprint: fp('f'), media: SAMPLE_MEDIA, eligibility: ELIGIBLE });
  t.match(catalog.variantsOf(asset.id), [{ profile: 'p', guard: { size: 2n } }], 'guarded by the file as it is now');
  const other = catalog.observe(file('a.mp4', 10, 3)).asset;
  catalog.describe(other.id, { fingerprint: fp('f'), media: SAMPLE_MEDIA, eligibility: ELIGIBLE });
  t.same(catalog.variantsOf(other.id), [], 'but a proxy in another container does not fit');
  catalog.close();
});

t.test('an inode used again does not bring the old proxy back', async (t) => {
  const catalog = open(t);
  const id = known(catalog, file('a.mov', 1, 1));
  catalog.forget([vp('a.mov')]);
  const { asset, state } = catalog.observe(file('b.mov', 1, 2));
  t.same([state, asset.fingerprint, catalog.variantsOf(asset.id)], ['new', undefined, []]);
  t.equal(catalog.get(id)?.fingerprint, fp('f'));
  catalog.close();
});

t.test('another fingerprint under an unchanged time drops what was made of the old content', async (t) => {
  const catalog = open(t);
  const id = known(catalog, file('a.mov', 1));
  catalog.describe(id, { fingerprint: fp('g'), media: undefined, eligibility: ELIGIBLE });
  t.same([catalog.variantsOf(id), catalog.get(id)?.media], [[], undefined]);
  catalog.close();
});

t.test('prefixes end at slashes and names are ordered', async (t) => {
  const catalog = open(t);
  const paths = ['a/b.mov', 'a.mov', 'a/c/d.mov', 'ab/c.mov', 'a-b.mov', 'a/ünï 😀.mov', 'a'];
  paths.forEach((path, index) => {
    catalog.observe(file(path, index));
  });
  const below = (prefix: string) => catalog.below(vp(prefix)).map((asset) => asset.paths[0]);
  t.same(below('a'), ['a', 'a/b.mov', 'a/c/d.mov', 'a/ünï 😀.mov']);
  t.equal(below('').length, paths.length);
  t.equal(catalog.forget(['a', 'a/c/d.mov', 'a/ünï 😀.mov'].map(vp)), 3);
  t.same(below(''), ['a-b.mov', 'a.mov', 'a/b.mov', 'ab/c.mov']);
  catalog.close();
});

t.test('the view’s rows hold every name, variant and failure of named assets', async (t) => {
  const catalog = open(t);
  const a = known(catalog, file('z.mov', 1));
  catalog.observe(file('a.mov', 1));
  const b = catalog.observe(file('b.wav', 2)).asset.id;
  const eligibility = { kind: 'ineligible', code: 'audio-only', reason: 'it has no picture' } as const;
  catalog.describe(b, { fingerprint: fp('b'), media: undefined, eligibility });
  const gone = known(catalog, file('gone.mov', 3), fp('c'));
  catalog.forget([vp('gone.mov')]);
  const recipeHash = 'r' as RecipeHash;
  for (const asset of [a, gone])
    catalog.recordFailure({ asset, profile: 'q', recipeHash, reason: 'no', rejected: true });
  const { identity, master } = file('z.mov', 1);
  t.strictSame(
    [...catalog.servable()],
    [
      {
        id: a,
        identity,
        paths: [vp('a.mov'), vp('z.mov')],
        master,
        eligibility: ELIGIBLE,
        variants: [variantOf(a, file('z.mov', 1))],
        failures: [{ profile: 'q', reason: 'no' }],
      },
      { ...file('b.wav', 2), path: undefined, id: b, paths: [vp('b.wav')], eligibility, variants: [], failures: [] },
    ].map(({ path: _, ...row }: Record<string, unknown>) => row) as never,
  );
  t.same(catalog.counts(), { total: 2, eligible: 1, ineligible: 1, unknown: 0 });
  t.strictSame(catalog.failures(), [
    { asset: a, path: vp('a.mov'), profile: 'q', recipeHash, reason: 'no', rejected: true },
  ]);
  catalog.recordVariant({ ...variantOf(a, file('z.mov', 1)), profile: 'q' });
  t.same(catalog.failures(), [], 'a proxy settles the failure');
  catalog.dropVariant(a, 'q');
  t.equal(catalog.variantsOf(a).length, 1);
  catalog.close();
});

t.test(
  'what is gone is forgotten at the next start, unless it has a proxy by which it may be known again',
  async (t) => {
    const database = join(t.testdir(), 'catalog.db') as RealPath;
    const first = createCatalog(openDatabase(database));
    const made = known(first, file('made.mov', 1), fp('a'));
    const evicted = known(first, file('evicted.mov', 2), fp('b'));
    first.dropVariant(evicted, 'p');
    const there = known(first, file('there.mov', 3), fp('c'));
    first.dropVariant(there, 'p');
    first.forget([vp('made.mov'), vp('evicted.mov')]);
    t.match(first.get(evicted), { fingerprint: fp('b') }, 'while the daemon runs, ids in use stay valid');
    first.close();
    const second = createCatalog(openDatabase(database));
    t.match(second.get(made), { paths: [], fingerprint: fp('a') });
    t.equal(second.get(evicted), undefined);
    t.match(second.get(there), { paths: ['there.mov'] });
    second.close();
  },
);

t.test('modes and overrides are kept', async (t) => {
  const database = join(t.testdir(), 'catalog.db') as RealPath;
  const first = createCatalog(openDatabase(database));
  t.same(first.mode(), { base: 'proxy', overrides: new Map() });
  first.setMode('master');
  first.setOverrides([vp('a'), vp('b'), ROOT], 'proxy');
  first.setOverrides([vp('b')], 'master');
  t.same(first.clearOverrides([vp('a'), vp('c')]), ['a']);
  first.close();
  const second = createCatalog(openDatabase(database));
  t.same(second.mode(), {
    base: 'master',
    overrides: new Map([
      ['', 'proxy'],
      ['b', 'master'],
    ]),
  });
  second.close();
});

t.test('whatever is renamed, linked, replaced or removed, a scan in any order finds the tree as it is', async (t) => {
  const directory = t.testdir();
  const name = fc.constantFrom('a.mov', 'b.mov', 'd/c.mov', 'd/e.mov');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('create' as const), to: name }),
    fc.record({ kind: fc.constant('write' as const), to: name }),
    fc.record({ kind: fc.constant('rename' as const), from: name, to: name }),
    fc.record({ kind: fc.constant('link' as const), from: name, to: name }),
    fc.record({ kind: fc.constant('remove' as const), to: name }),
    fc.record({ kind: fc.constant('reboot' as const) }),
  );
  let run = 0;
  const property = fc.property(
    fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 6 }),
    fc.func(fc.nat()),
    (rounds, shuffle) => {
      const catalog = createCatalog(openDatabase(join(directory, `${run++}.db`) as RealPath));
      type Inode = { ino: number; content: number };
      const tree = new Map<string, Inode>();
      let [next, dev] = [1, 1];
      for (const steps of rounds) {
        for (const act of steps) {
          if (act.kind === 'reboot') dev += 1;
          if (act.kind === 'create') tree.set(act.to, { ino: next, content: next++ });
          if (act.kind === 'remove') tree.delete(act.to);
          const target = act.kind === 'write' ? tree.get(act.to) : undefined;
          if (target !== undefined) target.content = next++;
          if (act.kind !== 'rename' && act.kind !== 'link') continue;
          const from = tree.get(act.from);
          if (from === undefined || act.from === act.to) continue;
          tree.set(act.to, from);
          if (act.kind === 'rename') tree.delete(act.from);
        }
        // The content is the fingerprint: what is known of an asset must always be about its present content.
        const files = [...tree].map(([path, { ino, content }]) => file(path, ino, content, dev));
        files.sort((a, b) => shuffle(a.path) - shuffle(b.path));
        for (const { id } of catalog.observeAll(files)) {
          const current = catalog.get(id);
          if (current === undefined || current.eligibility.kind !== 'unknown') continue;
          known(catalog, { ...current, path: current.paths[0] ?? ROOT }, fp(`${current.master.size}x`));
        }
        const names = [...catalog.servable()].flatMap(({ paths }) => paths);
        catalog.forget(names.filter((path) => !tree.has(path)));
        const rows = [...catalog.servable()];
        const found = new Map(rows.flatMap((row) => row.paths.map((path) => [path as string, row] as const)));
        if (found.size !== tree.size) return false;
        for (const [path, { ino, content }] of tree) {
          const row = found.get(path);
          const names = [...tree]
            .filter(([, inode]) => inode.ino === ino)
            .map(([other]) => other)
            .sort();
          if (row === undefined || row.identity.ino !== BigInt(ino) || row.identity.dev !== BigInt(dev)) return false;
          if (row.master.size !== BigInt(content) || row.paths.join() !== names.join()) return false;
          if (catalog.get(row.id)?.fingerprint !== fp(`${content}x`)) return false;
          if (row.variants.length !== 1 || row.variants[0]?.guard.size !== BigInt(content)) return false;
        }
      }
      catalog.close();
      return true;
    },
  );
  fc.assert(property, { numRuns: 60 });
  t.pass(`${run} trees`);
});

t.test('a lost catalog gets its proxies back from the pool', async (t) => {
  const directory = t.testdir();
  const pool = await openPool(join(directory, 'pool') as RealPath);
  const publish = async (manifest: ReturnType<typeof manifestOf>) => {
    const temporary = pool.temporary('job', manifest.output.extension);
    await makeProxy(temporary, manifest);
    await pool.publish(temporary, manifest);
    return manifest;
  };
  const old = await publish(manifestOf({ seed: 'old', fingerprint: fp('1') }));
  const now = await publish(manifestOf({ seed: 'new', fingerprint: fp('1'), finishedAt: '2027-01-01T00:00:00.000Z' }));
  const small = await publish(manifestOf({ seed: 'small', fingerprint: fp('1'), profile: 'proxy_small' }));
  const other = await publish(manifestOf({ seed: 'mp4', fingerprint: fp('2'), extension: '.mp4' }));
  const catalog = createCatalog(openDatabase(join(directory, 'catalog.db') as RealPath));
  const add = (path: string, ino: number, fingerprint: Fingerprint) => {
    const { asset } = catalog.observe(file(path, ino, ino));
    return catalog.describe(asset.id, { fingerprint, media: undefined, eligibility: ELIGIBLE });
  };
  const [a, b, c] = [add('a.mov', 1, fp('1')), add('b.mov', 2, fp('2')), add('copy.mov', 3, fp('1'))];
  const failed = (path: string) => t.fail(path);
  const index = await indexPool(catalog, pool, failed);
  t.equal(index.size, 4);
  t.same(
    [a, b, c].map((asset) => index.adopt(asset).length),
    [2, 0, 2],
    'two profiles for each copy, and no wrong container',
  );
  t.same(
    catalog
      .variantsOf(a.id)
      .map(({ poolKey }) => poolKey)
      .sort(),
    [small.poolKey, now.poolKey].sort(),
    'the newest of each profile',
  );
  t.same(catalog.variantsOf(c.id)[0]?.guard, c.master);
  t.same(catalog.variantsOf(b.id), []);
  t.same(index.adopt(a), [], 'nothing twice');
  t.match(index.adopt(add('b.mp4', 4, fp('2'))), [{ poolKey: other.poolKey, size: other.output.size }]);
  t.not(old.poolKey, now.poolKey);
  catalog.close();
});

t.test('fifty thousand assets are read for the view without a query for each', async (t) => {
  const db = openDatabase(join(t.testdir(), 'catalog.db') as RealPath);
  const catalog = createCatalog(db);
  const files = Array.from({ length: 50_000 }, (_, ino) => file(`day ${ino % 100}/A${ino}_C001.mov`, ino, ino));
  db.transaction(() => {
    catalog.observeAll(files).forEach(({ id }, index) => {
      const found = files[index];
      if (found !== undefined) catalog.recordVariant(variantOf(id, found));
    });
  });
  const times = Array.from({ length: 3 }, () => {
    const start = process.cpuUsage();
    const rows = [...catalog.servable()];
    const { user, system } = process.cpuUsage(start);
    t.equal(rows.length, files.length);
    t.equal(rows[49_999]?.variants.length, 1);
    return (user + system) / 1000;
  });
  t.comment(`servable: ${times.map(Math.round).join(', ')} ms`);
  // Wall time is up to whatever else the machine does; a query per asset would take several times this.
  t.ok(Math.min(...times) < 600, `${Math.min(...times)} ms`);
  catalog.close();
});
