/** The keeper on a real pool, catalog and swap table; only the kernel is played. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blake3 } from '@napi-rs/blake-hash';
import t, { type Test } from 'tap';
import type { AssetId, Fingerprint, PoolKey, ProjectId } from '../../src/base/ids.js';
import { type RealPath, ROOT, type VirtualPath } from '../../src/base/paths.js';
import { Health } from '../../src/cache/health.js';
import { inspect } from '../../src/cache/inspect.js';
import { Keeper } from '../../src/cache/keeper.js';
import { Pins } from '../../src/cache/pins.js';
import { DAY_MS } from '../../src/cache/policy.js';
import { DISPLACES } from '../../src/cache/quota.js';
import { Scrub } from '../../src/cache/scrub.js';
import { UseLog } from '../../src/cache/use-log.js';
import { createCacheBook } from '../../src/catalog/cache-rows.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { blake3OfParts } from '../../src/fingerprint/blake3.js';
import { Flipper } from '../../src/flip/flip.js';
import { createModeStore } from '../../src/flip/mode-store.js';
import { Ready } from '../../src/flip/ready.js';
import { Serving } from '../../src/flip/serving.js';
import { createViewSource } from '../../src/flip/view-source.js';
import { Withdrawer } from '../../src/flip/withdraw.js';
import { openJournal } from '../../src/journal/sqlite-journal.js';
import { silentLogger } from '../../src/log/logger.js';
import { openPool } from '../../src/pool/directory-pool.js';
import type { Manifest } from '../../src/pool/manifest.js';
import { openDatabase } from '../../src/store/database.js';
import { resolveView } from '../../src/view/resolve.js';
import { FakeVolume } from '../fixtures/fake-volume.js';
import { contentOf, makeProxy, manifestOf } from '../pool/sample-manifest.js';

const KB = 1000;
const v = (path: string) => path as VirtualPath;

/** Clips `1.mov`, `2.mov`, ... in two reels, each with a proxy of 10 kB (and a manifest). */
async function stage(t: Test, options: { clips: number; quota?: string; ttlDays?: number; pictures?: number }) {
  const dir = await mkdtemp(join(tmpdir(), 'proxyfs-keeper-'));
  const [source, mountPoint] = [join(dir, 'source') as RealPath, join(dir, 'mount') as RealPath];
  for (const reel of ['r1', 'r2'])
    for (const root of [source, mountPoint]) await mkdir(join(root, reel), { recursive: true });
  const paths = Array.from({ length: options.clips }, (_, index) => v(`r${1 + (index % 2)}/${index + 1}.mov`));
  for (const path of paths) await writeFile(join(source, path), `master ${path}`);
  const db = openDatabase(join(dir, 'catalog.db') as RealPath);
  const [catalog, book] = [createCatalog(db), createCacheBook(db)];
  const pool = await openPool(join(dir, 'pool') as RealPath, 'a'.repeat(16) as ProjectId);
  const clock = { time: 1_800_000_000_000, now: () => clock.time };
  const ids = new Map<VirtualPath, AssetId>();
  const observe = async (path: VirtualPath) => {
    const { dev, ino, size, mtimeNs } = await stat(join(source, path), { bigint: true });
    const { asset } = catalog.observe({ path, identity: { dev, ino }, master: { size, mtimeNs } });
    return asset;
  };
  const manifestFor = (path: VirtualPath): Manifest => {
    const manifest = manifestOf({ seed: `${ids.get(path)}`, size: 10 * KB });
    const hash = blake3(contentOf(manifest.poolKey, 10 * KB)).toString('hex');
    return { ...manifest, output: { ...manifest.output, blake3: hash } };
  };
  const publish = async (path: VirtualPath) => {
    const asset = await observe(path);
    ids.set(path, asset.id);
    const manifest = manifestFor(path);
    const { poolKey, output } = manifest;
    const temporary = pool.temporary('test', '.mov');
    await makeProxy(temporary, manifest);
    const picture = pool.temporary('test', '.jpg');
    if (options.pictures !== undefined) await writeFile(picture, Buffer.alloc(options.pictures));
    const beside = options.pictures === undefined ? [] : [{ temporary: picture, suffix: '.poster.jpg' }];
    await pool.publish(temporary, manifest, beside);
    const fingerprint = blake3OfParts([path]) as Fingerprint;
    catalog.describe(asset.id, { fingerprint, media: undefined, eligibility: { kind: 'eligible' } });
    const { size, extension } = output;
    catalog.recordVariant({ asset: asset.id, profile: 'edit', poolKey, extension, size, guard: asset.master });
    ready.touch([asset.id]);
    await ready.settle();
  };
  const files = await Promise.all(
    paths.map(async (path) => {
      const { dev, ino } = await stat(join(source, path), { bigint: true });
      return { path, identity: { dev, ino } };
    }),
  );
  const volume = new FakeVolume(source, mountPoint, files);
  await volume.showAll();
  const modes = createModeStore(catalog, undefined);
  const serving = new Serving(volume);
  const policy = { missing: 'master', mtime: 'distinct' } as const;
  const view = createViewSource({ catalog, pool, profileIn: () => () => 'edit', pendingOf: () => undefined });
  const log = silentLogger;
  const common = { serving, source: view, modes, policy, log };
  const flipper = new Flipper({ ...common, sourceDir: source, hooks: [], onGone: () => undefined });
  const ready = new Ready({ ...common, flipper, ready: 'idle' });
  const withdrawer = new Withdrawer({ ...common, flipper, ready });
  const journal = openJournal(db, { log });
  const uses = new UseLog(book, clock);
  const pins = new Pins({ book, source, paths: () => [...catalog.servable()].flatMap((row) => row.paths) });
  const shared = { book, pool, withdrawer, journal, log, clock };
  const unfinished = new Set<PoolKey>();
  const keeper = new Keeper({
    ...{ ...shared, uses, pins, quota: options.quota, ttlDays: options.ttlDays ?? 0 },
    namesOf: (id) => catalog.get(id)?.paths ?? [],
    unfinished: () => unfinished,
    openAssets: () => new Set(volume.handles().flatMap(({ asset }) => catalog.byIdentity(asset)?.id ?? [])),
  });
  const again: AssetId[] = [];
  const health = new Health({
    ...shared,
    nameOf: (id) => catalog.get(id)?.paths[0],
    onWithdrawn: (assets) => again.push(...assets),
  });
  t.teardown(async () => {
    ready.close();
    journal.close();
    catalog.close();
    await rm(dir, { recursive: true, force: true });
  });
  await flipper.establish(resolveView(view.all(), modes.state, policy));
  for (const path of paths) await publish(path);
  book.beginUses(clock.time);
  const idOf = (path: VirtualPath): AssetId => ids.get(path) ?? (0 as AssetId);
  return {
    ...{
      dir,
      source,
      catalog,
      book,
      pool,
      clock,
      volume,
      keeper,
      health,
      pins,
      uses,
      journal,
      again,
      paths,
      publish,
      observe,
      unfinished,
    },
    ...{ idOf, log },
    open: (path: VirtualPath) => uses.note(idOf(path), 'edit'),
    has: (path: VirtualPath) => catalog.variantsOf(idOf(path)).length > 0,
    file: (path: VirtualPath) => pool.fileOf(manifestFor(path).poolKey, '.mov'),
    serves: (path: VirtualPath) => volume.swapAt(path)?.kind ?? 'master',
    used: async () => (await pool.space()).used,
  };
}

t.test('the least used go first, their paths lead to the master, and they are not missed', async (t) => {
  const s = await stage(t, { clips: 6, quota: '60K' });
  t.ok((await s.used()) > 60 * KB, 'six proxies and their manifests are too much');
  s.clock.time += 2 * DAY_MS;
  for (const path of s.paths.slice(1)) s.open(path);
  s.clock.time += DAY_MS;
  await s.keeper.tidy();
  t.same(s.paths.map(s.has), [false, true, true, true, true, true]);
  t.equal(s.serves(v('r1/1.mov')), 'master');
  t.equal(s.serves(v('r2/2.mov')), 'replace');
  t.notOk(existsSync(s.file(v('r1/1.mov'))));
  t.match(s.book.evictionOf(s.idOf(v('r1/1.mov')), 'edit'), { reason: /quota of 60\.0 kB/ });
  t.match(await s.keeper.state(), { quota: 60 * KB, evicted: 1, evictedBytes: 10 * KB, note: null });
  s.journal.flush();
  t.match(s.journal.latest({ kinds: ['evicted'] }, 5), [{ path: 'r1/1.mov', facts: { size: 10 * KB } }]);
});

t.test('what lies beside a proxy goes with it, and counts: no more go than have to', async (t) => {
  const s = await stage(t, { clips: 6, quota: '100K', pictures: 10 * KB });
  const before = await s.used();
  t.ok(before > 120 * KB && before < 140 * KB, `six proxies with a picture each: ${before}`);
  s.clock.time += 2 * DAY_MS;
  await s.keeper.tidy();
  t.equal(s.paths.filter(s.has).length, 4, 'two are enough');
  t.equal(before - (await s.used()), (before / 6) * 2, 'their pictures went, too');
  t.match(await s.keeper.state(), { evicted: 2, note: null });
});

t.test('who asks decides what has to go: a waiting program displaces what the backlog may not', async (t) => {
  const s = await stage(t, { clips: 4, quota: '45K' });
  s.clock.time += 2 * 60_000;
  const size = 10 * KB;
  const refusal = await s.keeper.makeRoom(size, DISPLACES.backlog);
  t.match(refusal, /no proxies are made: the pool has reached its quota .* give way only to what somebody asks for/);
  t.match(await s.keeper.makeRoom(size, DISPLACES.prewarm), /were used in the last hour/);
  t.same(s.paths.map(s.has), [true, true, true, true], 'what is not enough is not taken');
  t.equal((await s.keeper.state()).note === null, false);
  t.equal(await s.keeper.makeRoom(size, DISPLACES.interactive), undefined);
  t.ok((await s.used()) + size <= 45 * KB);
  t.equal((await s.keeper.state()).note, null);
});

t.test('what is held, pinned or young stays beyond its time to live', async (t) => {
  const s = await stage(t, { clips: 6, ttlDays: 30 });
  await s.pins.pin([v('r2')], s.clock.time);
  s.clock.time += 29 * DAY_MS;
  s.open(v('r1/1.mov'));
  s.clock.time += 2 * DAY_MS;
  const close = s.volume.hold(v('r1/3.mov'), 4242);
  await s.keeper.tidy();
  t.same(s.paths.filter(s.has), ['r1/1.mov', 'r2/2.mov', 'r1/3.mov', 'r2/4.mov', 'r2/6.mov']);
  close();
  s.pins.unpin([v('r2')]);
  await s.keeper.tidy();
  t.same(s.paths.filter(s.has), ['r1/1.mov']);
  t.match(s.book.evictionOf(s.idOf(v('r2/2.mov')), 'edit'), { reason: 'not used for 30 days' });
});

t.test('a pin goes where its file or folder goes, and holds what comes later', async (t) => {
  const s = await stage(t, { clips: 4 });
  await s.pins.pin([v('r1'), v('r2/2.mov')], s.clock.time);
  await rename(join(s.source, 'r1'), join(s.source, 'day1'));
  await rename(join(s.source, 'r2/2.mov'), join(s.source, 'r2/hero.mov'));
  for (const path of ['day1/1.mov', 'day1/3.mov', 'r2/hero.mov'].map(v)) await s.observe(path);
  s.catalog.forget(['r1/1.mov', 'r1/3.mov', 'r2/2.mov'].map(v));
  t.same(await s.pins.follow(), [
    { from: 'r1', to: 'day1' },
    { from: 'r2/2.mov', to: 'r2/hero.mov' },
  ]);
  t.same(s.pins.list(), ['day1', 'r2/hero.mov']);
  t.equal(s.pins.holding(v('day1/of tomorrow.mov')), 'day1');
  t.equal(s.pins.holding(v('day10/1.mov')), undefined);
  t.same(await s.pins.follow(), []);
});

t.test('a pool that is not there loses nothing', async (t) => {
  const s = await stage(t, { clips: 3, ttlDays: 1 });
  s.clock.time += 5 * DAY_MS;
  await rename(s.pool.directory, `${s.pool.directory}-unplugged`);
  const [object] = s.book.objects();
  if (object === undefined) throw new Error('there are proxies');
  await t.rejects(inspect(s.pool, object), { code: 'system/io', message: /check that its disk is mounted/ });
  await s.keeper.tidy();
  t.same(s.paths.filter(s.has).length, 3);
  await rename(`${s.pool.directory}-unplugged`, s.pool.directory);
  await s.keeper.tidy();
  t.same(s.paths.filter(s.has), []);
});

t.test('the slow check withdraws what is damaged, at its pace, and goes on where it was', async (t) => {
  const s = await stage(t, { clips: 5 });
  const objects = s.book.objects();
  const damaged = s.paths.find((path) => objects.at(-1)?.owners[0]?.asset === s.idOf(path)) ?? ROOT;
  await rm(s.file(damaged), { force: true });
  await writeFile(s.file(damaged), Buffer.alloc(10 * KB, 'x'));
  s.book.scrubbed(objects.at(1)?.key ?? '');
  const scrub = new Scrub({ ...s, days: 30, bytesPerSecond: 100 * KB, waitMs: 1 });
  const began = performance.now();
  scrub.start();
  while (s.book.totals().scrubFinishedAt === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const took = performance.now() - began;
  await scrub.stop();
  t.ok(took > 250, `three of five, 10 kB at 100 kB a second each (${Math.round(took)} ms)`);
  t.same(s.again, [s.idOf(damaged)]);
  t.same(s.paths.filter(s.has).length, 4);
  t.equal(s.serves(damaged), 'master');
  t.notOk(existsSync(s.file(damaged)));
  t.equal(s.book.totals().scrubPosition, '');
  await s.publish(damaged);
  s.health.onPublished(s.idOf(damaged), 'edit');
  s.journal.flush();
  t.match(
    s.journal.latest({ kinds: ['withdrawn', 'repaired'] }, 5).map(({ kind, path }) => ({ kind, path })),
    [
      { kind: 'withdrawn', path: damaged },
      { kind: 'repaired', path: damaged },
    ],
  );
});

t.test('whatever happens in whatever order, nothing protected goes, and no path leads nowhere', async (t) => {
  const s = await stage(t, { clips: 12, quota: '100K', ttlDays: 20 });
  let seed = 4711;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const held = new Map<VirtualPath, () => void>();
  let [removed, refused] = [0, 0];
  for (let step = 0; step < 250; step += 1) {
    const path = s.paths[random(s.paths.length)] ?? ROOT;
    const before = new Set(s.paths.filter(s.has));
    const safe = s.paths.filter((each) => before.has(each) && (held.has(each) || s.pins.holding(each) !== undefined));
    const action = random(9);
    if (action === 0) s.open(path);
    else if (action === 1 && !held.has(path)) held.set(path, s.volume.hold(path, 99));
    else if (action === 2) {
      held.get(path)?.();
      held.delete(path);
    } else if (action === 3 && random(3) === 0) await s.pins.pin([random(4) === 0 ? v('r1') : path], s.clock.time);
    else if (action === 4) s.pins.unpin([path, v('r1')]);
    else if (action === 5) s.clock.time += random(3 * DAY_MS);
    else if (action === 6 && !s.has(path)) {
      await s.publish(path);
      s.book.madeAgain({ asset: s.idOf(path), profile: 'edit', at: s.clock.time });
    } else if (action === 7) {
      const size = random(40 * KB);
      const reason = await s.keeper.makeRoom(
        size,
        [DISPLACES.interactive, DISPLACES.footage, DISPLACES.backlog][random(3)] ?? 0,
      );
      if (reason === undefined) t.ok((await s.used()) + size <= 100 * KB, `step ${step}: there is room`);
      else refused += 1;
    } else if (action === 8) {
      await s.keeper.tidy();
      const { note } = await s.keeper.state();
      if ((await s.used()) > 100 * KB) t.match(note, /nothing more can be removed/, `step ${step}: it says why`);
    }
    for (const each of safe) if (!s.has(each)) t.fail(`step ${step}: ${each} was protected and is gone`);
    for (const each of s.paths) {
      if (s.has(each) !== existsSync(s.file(each))) t.fail(`step ${step}: catalog and pool differ on ${each}`);
      if (s.serves(each) === 'replace' && !s.has(each)) t.fail(`step ${step}: ${each} leads to what is gone`);
    }
    removed += [...before].filter((each) => !s.has(each)).length;
  }
  t.ok(removed > 10 && refused > 5, `${removed} removals, ${refused} refusals`);
});

t.test('segments count, and stay while somebody waits for their proxy', async (t) => {
  const s = await stage(t, { clips: 4, quota: '100K' });
  const before = await s.used();
  const [awaited, abandoned] = ['a', 'b'].map((digit) => digit.repeat(64) as PoolKey);
  if (awaited === undefined || abandoned === undefined) throw new Error('two keys');
  const folder = (key: PoolKey) => join(s.pool.directory, 'segments', key);
  for (const key of [awaited, abandoned]) {
    await mkdir(folder(key), { recursive: true });
    await writeFile(join(folder(key), '0000.mov'), Buffer.alloc(20 * KB));
  }
  s.unfinished.add(awaited);
  t.match(await s.keeper.state(), { used: before + 40 * KB });
  t.match(await s.pool.space(), { used: before + 40 * KB, segments: 40 * KB });
  // Who writes last can be told only by ctime, which nobody can set: both are young.
  const tomorrow = Date.now() + DAY_MS + 1000;
  t.same((await s.pool.abandonedSegments(s.unfinished)).length, 0, 'what was written to today stays');
  t.match(await s.pool.abandonedSegments(s.unfinished, tomorrow), [{ key: abandoned, size: 20 * KB }]);

  const size = 100 * KB - before - 40 * KB + KB;
  t.match(await s.keeper.makeRoom(size, DISPLACES.backlog), /40\.0 kB of it parts of unfinished proxies/);
  const { now } = Date;
  t.teardown(() => {
    Date.now = now;
  });
  Date.now = () => now() + DAY_MS + 1000;
  t.equal(await s.keeper.makeRoom(size, DISPLACES.backlog), undefined);
  t.ok(existsSync(folder(awaited)), 'its job waits');
  t.notOk(existsSync(folder(abandoned)), 'they go before any proxy');
  t.ok(s.paths.every(s.has));
});
