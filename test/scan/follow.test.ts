import { execFile } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import type { AssetId, Fingerprint } from '../../src/base/ids.js';
import { type RealPath, ROOT, realPathOf, type VirtualPath } from '../../src/base/paths.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { silentLogger } from '../../src/log/logger.js';
import { Follower, type FollowerOptions } from '../../src/scan/follow.js';
import { Scanner, type ScannerOptions } from '../../src/scan/scanner.js';
import { openDatabase } from '../../src/store/database.js';
import { TreeModel } from './tree-model.js';

const SETTLE_MS = 300;

interface Options extends Partial<FollowerOptions> {
  readonly settleMs?: number;
  readonly examine?: ScannerOptions['examine'];
  /** The first scan is left to the test. */
  readonly isUnscanned?: boolean;
}

async function follow(t: Test, files: Parameters<Test['testdir']>[0], given: Options = {}) {
  const { settleMs = SETTLE_MS, examine, isUnscanned = false, ...options } = given;
  const source = t.testdir(files) as RealPath;
  const state = await mkdtemp(join(tmpdir(), 'proxyfs-follow-'));
  const catalog = createCatalog(openDatabase(join(state, 'catalog.db') as RealPath));
  const eligibility = { kind: 'eligible' } as const;
  const examined: string[] = [];
  const log = { ...silentLogger, warn: (...words: unknown[]) => t.comment(...words) };
  const scanner = new Scanner({
    source,
    catalog,
    log,
    hiddenRootNames: ['.proxyfs'],
    settleMs,
    examine:
      examine ??
      (async ({ path, real }) => {
        examined.push(path);
        const unknown = { kind: 'unknown', reason: 'gone' } as const;
        const fingerprint = existsSync(real) ? (readFileSync(real, 'utf8') as Fingerprint) : undefined;
        return { fingerprint, media: undefined, eligibility: fingerprint === undefined ? unknown : eligibility };
      }),
  });
  const touched = new Set<AssetId>();
  const onTouched = (ids: readonly AssetId[]) => {
    for (const id of ids) touched.add(id);
  };
  const common = { scanner, source, log, onTouched, hiddenRootNames: ['.proxyfs'] };
  const follower = new Follower({ ...common, ...options });
  t.teardown(async () => {
    await follower.close();
    catalog.close();
    rmSync(state, { recursive: true });
  });
  if (!isUnscanned) await follower.scan(ROOT, { settleWithinMs: 5000 });
  follower.start();
  const assetAt = (path: string) => catalog.byPath(path as VirtualPath);
  const kindOf = (path: string) => assetAt(path)?.eligibility.kind;
  return {
    follower,
    scanner,
    catalog,
    touched,
    examined,
    assetAt,
    kindOf,
    source,
    at: (name: string) => join(source, name),
  };
}

async function until(condition: () => boolean, withinMs = 10_000): Promise<number> {
  const started = Date.now();
  while (!condition()) {
    if (Date.now() - started > withinMs) throw new Error(`it did not happen within ${withinMs} ms: ${condition}`);
    await sleep(10);
  }
  return Date.now() - started;
}

/** What a local disk promises: noticed within two seconds. */
const noticed = (condition: () => boolean) => until(condition, 2000);

t.test('what is copied, moved, changed and removed behind the mount is noticed within two seconds', async (t) => {
  const { kindOf, assetAt, at, examined, touched } = await follow(t, { 'a.mov': 'a', day: { 'b.mov': 'b' } });
  writeFileSync(at('new.mov'), 'new');
  mkdirSync(at('day/two/three'), { recursive: true });
  writeFileSync(at('day/two/three/c.mov'), 'c');
  await noticed(() => kindOf('new.mov') !== undefined && kindOf('day/two/three/c.mov') !== undefined);
  await until(() => kindOf('new.mov') === 'eligible' && kindOf('day/two/three/c.mov') === 'eligible');
  appendFileSync(at('a.mov'), 'more');
  await noticed(() => kindOf('a.mov') === 'unknown');
  await until(() => kindOf('a.mov') === 'eligible');
  const moved = assetAt('day/two/three/c.mov')?.id;
  examined.length = 0;
  renameSync(at('day'), at('night'));
  await noticed(() => kindOf('night/b.mov') === 'eligible' && kindOf('day/b.mov') === undefined);
  t.equal(assetAt('night/two/three/c.mov')?.id, moved, 'the same asset under its new name');
  t.ok(moved !== undefined && touched.has(moved));
  writeFileSync(at('night/two/three/d.mov'), 'd');
  await noticed(() => kindOf('night/two/three/d.mov') !== undefined);
  // Another folder under a name that was watched: its own content counts, not that of the one before.
  mkdirSync(at('other'));
  renameSync(at('night'), at('day'));
  renameSync(at('other'), at('night'));
  await noticed(() => kindOf('day/b.mov') === 'eligible' && kindOf('night/b.mov') === undefined);
  writeFileSync(at('night/e.mov'), 'e');
  await noticed(() => kindOf('night/e.mov') !== undefined);
  renameSync(at('day'), `${at('')}.outside`);
  t.teardown(() => rmSync(`${at('')}.outside`, { recursive: true }));
  await noticed(() => kindOf('day/b.mov') === undefined && kindOf('day/two/three/c.mov') === undefined);
  rmSync(at('a.mov'));
  await noticed(() => kindOf('a.mov') === undefined);
});

t.test('whatever happens in whatever order, the catalog ends like the tree', async (t) => {
  const { catalog, follower, source } = await follow(t, {}, { isUnscanned: true });
  const seed = Date.now() % 1_000_000;
  t.comment(`seed ${seed}`);
  const model = new TreeModel(source, seed);
  for (let step = 0; step < 200; step += 1) model.step();
  // The first scan walks while the tree changes; now and then the mount tells what it did.
  const scans: Promise<unknown>[] = [follower.scan(ROOT)];
  for (const end = Date.now() + 4000; Date.now() < end; await sleep(model.below(12))) {
    for (let burst = model.below(8); burst >= 0; burst -= 1) {
      const changed = model.step();
      if (model.below(2) === 0) for (const path of changed) follower.hint(path as VirtualPath);
    }
    // Looks at everything go on while the tree changes and its news is looked at.
    if (model.below(20) === 0) scans.push(follower.scan(ROOT));
    if (model.below(50) === 0) follower.hint(ROOT);
  }
  await Promise.all(scans);
  const differences = () => model.differences(catalog);
  await until(() => differences().names.length === 0, 2000).catch(() => t.same(differences().names, []));
  await until(() => differences().contents.length === 0, SETTLE_MS + 2000).catch(() =>
    t.same(differences().contents, []),
  );
  t.ok(model.steps > 500, `${model.steps} changes, ${model.files().length} files left`);
});

t.test('more at once than the kernel keeps for a watcher leads to a look at everything', async (t) => {
  const { catalog, follower, at } = await follow(t, {}, { queueLength: 100 });
  for (let index = 0; index < 400; index += 1) {
    mkdirSync(at(`card${index % 20}/${index}`), { recursive: true });
    writeFileSync(at(`card${index % 20}/${index}/clip.mov`), `${index}`);
  }
  await noticed(() => catalog.counts().total === 400);
  t.equal(follower.state.folders, 421);
  renameSync(at('card0'), at('card1/moved'));
  await noticed(() => catalog.byPath('card1/moved/0/clip.mov' as VirtualPath) !== undefined);
});

t.test('a copy is touched only when it is complete, however slow it is and whatever dates it sets', async (t) => {
  const { kindOf, assetAt, examined, at } = await follow(t, {}, { settleMs: 400 });
  const writer = setInterval(() => appendFileSync(at('slow.mov'), 'x'), 100);
  t.teardown(() => clearInterval(writer));
  await noticed(() => kindOf('slow.mov') === 'unknown');
  await sleep(1500);
  t.same(examined, []);
  clearInterval(writer);
  // As `cp -p` does when all is written.
  utimesSync(at('slow.mov'), 1000, 1000);
  await until(() => kindOf('slow.mov') === 'eligible', 2000);
  t.equal(
    assetAt('slow.mov')?.fingerprint?.length,
    assetAt('slow.mov')?.master.size === undefined ? -1 : Number(assetAt('slow.mov')?.master.size),
  );
  // As rsync does: another name until it is complete, dates before the name.
  writeFileSync(at('.sync.mov.Xy12'), 'rsync');
  utimesSync(at('.sync.mov.Xy12'), 1000, 1000);
  renameSync(at('.sync.mov.Xy12'), at('sync.mov'));
  await until(() => kindOf('sync.mov') === 'eligible', 2000);
  t.same(examined, ['slow.mov', 'sync.mov']);
  // A copy that pauses for longer than files take to settle is waited for longer the next time.
  writeFileSync(at('pausing.mov'), '1');
  await until(() => kindOf('pausing.mov') === 'eligible', 2000);
  appendFileSync(at('pausing.mov'), '2');
  await noticed(() => kindOf('pausing.mov') === 'unknown');
  t.ok((await until(() => kindOf('pausing.mov') === 'eligible', 3000)) > 400);
});

t.test('examining for long holds up no news', async (t) => {
  const release: (() => void)[] = [];
  const examine: ScannerOptions['examine'] = async () => {
    await new Promise<void>((resolve) => release.push(resolve));
    return { fingerprint: undefined, media: undefined, eligibility: { kind: 'eligible' } };
  };
  const files = { 'a.mov': 'a', 'b.mov': 'b', 'c.mov': 'c' };
  const { follower, kindOf, at } = await follow(t, files, { examine, isUnscanned: true, settleMs: 0 });
  const first = follower.scan(ROOT);
  await until(() => release.length > 0);
  rmSync(at('c.mov'));
  writeFileSync(at('d.mov'), 'd');
  await noticed(() => kindOf('c.mov') === undefined && kindOf('d.mov') === 'unknown');
  const opening = setInterval(() => release.shift()?.(), 1);
  t.teardown(() => clearInterval(opening));
  await until(() => kindOf('d.mov') === 'eligible');
  await first;
});

t.test(
  'without enough watches it says so, and changes are found by rescans',
  { skip: process.getuid?.() !== 0 && 'needs root to limit the watches of a namespace' },
  async (t) => {
    const source = t.testdir({ a: { 'a.mov': 'a' }, b: { 'b.mov': 'b' }, c: { 'c.mov': 'c' }, d: { 'd.mov': 'd' } });
    const url = (path: string) => new URL(`../../src/${path}.js`, import.meta.url);
    const script = `
      import { writeFileSync } from 'node:fs';
      import { createCatalog } from '${url('catalog/sqlite-catalog')}';
      import { silentLogger } from '${url('log/logger')}';
      import { Follower } from '${url('scan/follow')}';
      import { Scanner } from '${url('scan/scanner')}';
      import { openDatabase } from '${url('store/database')}';
      const source = process.argv[1];
      const catalog = createCatalog(openDatabase(source + '/catalog.db'));
      const examine = async () => ({ fingerprint: 'f', media: undefined, eligibility: { kind: 'eligible' } });
      const common = { source, log: silentLogger, hiddenRootNames: [] };
      const scanner = new Scanner({ ...common, catalog, examine, settleMs: 0 });
      const follower = new Follower({ ...common, scanner, onTouched: () => {}, unwatchedRescanMs: 300 });
      await follower.scan('');
      follower.start();
      const { folders, problem } = follower.state;
      for (const folder of 'abcd') writeFileSync(source + '/' + folder + '/new.mov', folder);
      for (let left = 500; catalog.counts().total < 8 && left > 0; left -= 1) await new Promise((go) => setTimeout(go, 10));
      process.stdout.write(JSON.stringify({ folders, problem, total: catalog.counts().total }));
      await follower.close();
    `;
    const limited = `echo 3 >/proc/sys/user/max_inotify_watches && exec "$0" --input-type=module -e "$1" "$2"`;
    const words = ['--user', '--map-root-user', 'sh', '-c', limited, process.execPath, script, source];
    const { stdout } = await promisify(execFile)('unshare', words);
    const said = JSON.parse(stdout) as { folders: number; problem: string; total: number };
    t.match(said, { folders: 3, total: 8, problem: /fs\.inotify\.max_user_watches/ });
  },
);

t.test('news does not wait for a look at everything', async (t) => {
  const tree = { 'a.mov': 'a', deep: {} };
  const { follower, scanner, kindOf, at } = await follow(t, tree, { isUnscanned: true, quietMs: 10 });
  const [most, step] = [1500, new Int32Array(new SharedArrayBuffer(4))];
  let [wanted, steps] = ['', 0];
  // A look at everything finds one folder more in each, until the new clip is known.
  const deepen = (folder: VirtualPath) => {
    if (!folder.startsWith('deep') || steps === most || kindOf(wanted) !== undefined) return;
    if (steps === 0) writeFileSync(at(wanted), wanted);
    steps += 1;
    Atomics.wait(step, 0, 0, 1);
    mkdirSync(at(`${folder}/x`));
  };
  const find = scanner.find.bind(scanner);
  scanner.find = (prefixes, options = {}) => {
    const onFolder = (folder: VirtualPath) => {
      options.onFolder?.(folder);
      if (prefixes.includes(ROOT)) deepen(folder);
    };
    return find(prefixes, { ...options, onFolder });
  };
  const looks: Record<string, () => Promise<unknown>> = {
    'the first scan': () => follower.scan(ROOT),
    'a scan somebody asked for': () => follower.scan(ROOT),
    'a look from time to time': async () => {
      follower.hint(ROOT);
      await until(() => kindOf(wanted) !== undefined || steps === most);
    },
  };
  for (const [how, look] of Object.entries(looks)) {
    rmSync(at('deep'), { recursive: true });
    mkdirSync(at('deep'));
    [wanted, steps] = [`after ${how}.mov`, 0];
    await look();
    t.ok(steps > 0 && steps < most, `${how}: known after ${steps} folders`);
  }
});

t.test('news that never pauses is looked at all the same', async (t) => {
  const { follower, kindOf, at } = await follow(t, {});
  const chatter = setInterval(() => follower.hint('nothing.mov' as VirtualPath), 20);
  t.teardown(() => clearInterval(chatter));
  writeFileSync(realPathOf(at('') as RealPath, 'clip.mov' as VirtualPath), 'x');
  await noticed(() => kindOf('clip.mov') !== undefined);
});
