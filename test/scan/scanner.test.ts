import { execFile } from 'node:child_process';
import { appendFileSync, linkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import type { Fingerprint } from '../../src/base/ids.js';
import { type RealPath, ROOT, realPathOf, type VirtualPath } from '../../src/base/paths.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { silentLogger } from '../../src/log/logger.js';
import type { Examine } from '../../src/scan/examine.js';
import { Scanner, type ScannerOptions } from '../../src/scan/scanner.js';
import { openDatabase } from '../../src/store/database.js';

const v = (path: string) => path as VirtualPath;

interface Bench {
  readonly source: string;
  readonly catalog: ReturnType<typeof createCatalog>;
  readonly scanner: Scanner;
  readonly examined: string[];
  at(name: string): string;
}

/** A source of old files, and an examiner that believes everything. */
async function bench(
  t: Test,
  files: Parameters<Test['testdir']>[0],
  options: Partial<ScannerOptions> = {},
): Promise<Bench> {
  const source = t.testdir(files) as RealPath;
  const state = await mkdtemp(join(tmpdir(), 'proxyfs-scan-'));
  const catalog = createCatalog(openDatabase(join(state, 'catalog.db') as RealPath));
  t.teardown(() => {
    catalog.close();
    rmSync(state, { recursive: true });
  });
  const examined: string[] = [];
  const examine: Examine = async ({ path }) => {
    examined.push(path);
    return { fingerprint: `print of ${path}` as Fingerprint, media: undefined, eligibility: { kind: 'eligible' } };
  };
  const hiddenRootNames = ['.proxyfs'];
  const scanner = new Scanner({
    source,
    catalog,
    examine,
    log: silentLogger,
    hiddenRootNames,
    settleMs: 0,
    ...options,
  });
  return { source, catalog, scanner, examined, at: (name) => realPathOf(source, v(name)) };
}

t.test('a scan describes what is new, and a second one has nothing to do', async (t) => {
  const { scanner, catalog, examined } = await bench(t, { 'a.mov': 'a', sub: { 'b.mp4': 'b' }, 'c.txt': '' });
  const progress: unknown[] = [];
  const first = await scanner.scan(ROOT, { onProgress: (step) => progress.push(step) });
  t.match(first, { found: 2, probed: 2, forgotten: 0, growing: [], unreadable: [], skipped: [] });
  t.equal(first.touched.length, 2);
  t.same(progress.at(-1), { found: 2, probed: 2, total: 2 });
  t.match(catalog.counts(), { total: 2, eligible: 2 });
  t.match(await scanner.scan(ROOT), { found: 2, probed: 0, touched: [] });
  t.equal(examined.length, 2);
});

t.test('frames of sequences are no clips, and those that once were taken for clips are forgotten', async (t) => {
  const frames = Object.fromEntries([1, 2, 3].map((frame) => [`A001_00000${frame}.dng`, 'frame']));
  const { scanner, catalog, at } = await bench(t, { 'a.mov': 'a', dng: frames, dpx: { 'a.0001.dpx': 'frame' } });
  const { dev, ino, size, mtimeNs } = statSync(at('dng/A001_000001.dng'), { bigint: true });
  catalog.observe({ path: v('dng/A001_000001.dng'), identity: { dev, ino }, master: { size, mtimeNs } });
  t.match(await scanner.scan(ROOT), { found: 1, probed: 1, forgotten: 1 });
  t.match(catalog.counts(), { total: 1 });
});

t.test('changes, moves, links and removals reach the catalog, and only below the prefix', async (t) => {
  const files = { 'a.mov': 'a', 'b.mov': 'b', 'keep.mov': 'k', sub: { 'c.mov': 'c' } };
  const { scanner, catalog, examined, at } = await bench(t, files);
  await scanner.scan(ROOT);
  const a = catalog.byPath(v('a.mov'))!;
  const b = catalog.byPath(v('b.mov'))!;
  renameSync(at('a.mov'), at('sub/moved.mov'));
  appendFileSync(at('b.mov'), 'more');
  rmSync(at('sub/c.mov'));
  rmSync(at('keep.mov'));
  examined.length = 0;
  const sub = await scanner.scan(v('sub'));
  t.match(sub, { found: 1, forgotten: 1, probed: 1 });
  t.equal(catalog.byPath(v('sub/moved.mov'))?.id, a.id, 'the same asset under its new name');
  t.equal(catalog.byPath(v('sub/c.mov')), undefined);
  t.ok(catalog.byPath(v('keep.mov')), 'a name outside the prefix is not looked at');
  linkSync(at('sub/moved.mov'), at('twin.mov'));
  await scanner.scan(ROOT);
  t.same(catalog.get(a.id)?.paths, ['sub/moved.mov', 'twin.mov']);
  t.equal(catalog.byPath(v('keep.mov')), undefined);
  t.equal(catalog.get(b.id)?.master.size, 5n);
  t.same(examined.sort(), ['b.mov', 'sub/moved.mov', 'twin.mov']);
  rmSync(at('b.mov'));
  t.match(await scanner.scan(v('b.mov')), { found: 0, forgotten: 1, touched: [b.id] });
});

t.test('a growing file stays unknown until it has settled', async (t) => {
  const { scanner, catalog, examined, at } = await bench(t, { 'a.mov': 'a' }, { settleMs: 400 });
  const first = await scanner.scan(ROOT);
  t.match(first, { growing: [{ path: 'a.mov' }], probed: 0 });
  t.match(catalog.byPath(v('a.mov'))?.eligibility, { kind: 'unknown', reason: 'still growing' });
  const writer = setInterval(() => appendFileSync(at('a.mov'), 'x'), 50);
  t.teardown(() => clearInterval(writer));
  t.match(await scanner.scan(ROOT, { settleWithinMs: 700 }), { growing: [{ path: 'a.mov' }] }, 'it grew all the time');
  t.same(examined, []);
  clearInterval(writer);
  t.match(await scanner.scan(ROOT, { settleWithinMs: 5000 }), { growing: [], probed: 1 });
  t.equal(catalog.byPath(v('a.mov'))?.eligibility.kind, 'eligible');
});

t.test('a file whose dates lie ahead settles when it has looked the same for long enough', async (t) => {
  let now = Date.now() - 3_600_000;
  const options = { settleMs: 1000, clock: { now: () => now } };
  const { scanner } = await bench(t, { 'a.mov': 'a' }, options);
  t.match(await scanner.scan(ROOT), { growing: [{ path: 'a.mov' }] });
  now += 500;
  t.match(await scanner.scan(ROOT), { growing: [{ path: 'a.mov' }] });
  now += 600;
  t.match(await scanner.scan(ROOT), { growing: [], probed: 1 });
});

t.test('a file that changes while it is examined is not described from what it was', async (t) => {
  const seen: string[] = [];
  const examine: Examine = async ({ real }) => {
    seen.push(real);
    // The date is set back, as copying tools do: size and ctime still tell.
    if (seen.length === 1) appendFileSync(real, 'more');
    utimesSync(real, 1000, 1000);
    return { fingerprint: 'f' as Fingerprint, media: undefined, eligibility: { kind: 'eligible' } };
  };
  const { scanner, catalog } = await bench(t, { 'a.mov': 'a' }, { examine });
  t.match(await scanner.scan(ROOT), { growing: [{ path: 'a.mov' }], probed: 0 });
  t.equal(catalog.byPath(v('a.mov'))?.eligibility.kind, 'unknown');
});

t.test('what is out of sight is not forgotten', async (t) => {
  const { scanner, catalog, source } = await bench(t, { sub: { 'a.mov': 'a' }, 'b.mov': 'b' });
  await scanner.scan(ROOT);
  renameSync(source, `${source}.away`);
  t.teardown(() => renameSync(`${source}.away`, source));
  await t.rejects(scanner.scan(ROOT), { code: 'source/missing' });
  t.equal(catalog.counts().total, 2, 'a volume that is not connected');
});

t.test(
  'a folder without permission keeps what is known of it',
  { skip: process.getuid?.() !== 0 && 'needs root to become another user' },
  async (t) => {
    const script = `
    import { chmodSync } from 'node:fs';
    import { createCatalog } from '${new URL('../../src/catalog/sqlite-catalog.js', import.meta.url)}';
    import { openDatabase } from '${new URL('../../src/store/database.js', import.meta.url)}';
    import { silentLogger } from '${new URL('../../src/log/logger.js', import.meta.url)}';
    import { Scanner } from '${new URL('../../src/scan/scanner.js', import.meta.url)}';
    const [source, file] = process.argv.slice(1);
    // The modules are loaded by then: the other user need not be able to read the checkout.
    const catalog = createCatalog(openDatabase(file));
    process.setegid(65534); process.seteuid(65534);
    const examine = async () => ({ fingerprint: 'f', media: undefined, eligibility: { kind: 'eligible' } });
    const scanner = new Scanner({ source, catalog, examine, log: silentLogger, hiddenRootNames: [], settleMs: 0 });
    await scanner.scan('');
    chmodSync(source + '/sub', 0);
    const result = await scanner.scan('');
    process.stdout.write(JSON.stringify({ ...result, total: catalog.counts().total }));
  `;
    const home = await mkdtemp(join(tmpdir(), 'proxyfs-scan-'));
    t.teardown(() => rmSync(home, { recursive: true }));
    const make = `mkdir -p "$0/source/sub" && touch "$0/source/sub/a.mov" "$0/source/b.mov" && chown -R 65534:65534 "$0"`;
    const run = promisify(execFile);
    await run('sh', ['-c', make, home]);
    const args = ['--input-type=module', '-e', script, join(home, 'source'), join(home, 'catalog.db')];
    const { stdout } = await run(process.execPath, args);
    t.match(JSON.parse(stdout), { found: 1, forgotten: 0, total: 2, unreadable: [{ path: 'sub', reason: /EACCES/ }] });
  },
);

t.test('scans that overlap agree, and a small one does not wait for a large one', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.mov`, String(index)]));
  const done: string[] = [];
  const examine: Examine = async ({ path }) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    done.push(path);
    return { fingerprint: path as string as Fingerprint, media: undefined, eligibility: { kind: 'eligible' } };
  };
  const { scanner, catalog, at } = await bench(t, { ...files, wanted: {} }, { examine });
  const large = scanner.scan(ROOT);
  writeFileSync(at('wanted/clip.mov'), 'w');
  await new Promise((resolve) => setTimeout(resolve, 60));
  await scanner.scan(v('wanted'));
  t.ok(done.length < 30, `it was served after ${done.length} of 40`);
  t.ok(done.includes('wanted/clip.mov'));
  await large;
  t.match(catalog.counts(), { total: 41, eligible: 41 });
});

t.test('what is looked at while everything is walked counts, and what is told first are the folders', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${index}.mov`, String(index)]));
  const { scanner, catalog, at } = await bench(t, { files, 'moved.mov': 'm', other: { 'gone.mov': 'g' } });
  await scanner.scan(ROOT);
  const moved = catalog.byPath(v('moved.mov'))?.id;
  const folders: string[] = [];
  const small: Promise<unknown>[] = [];
  let isWalkOver = false;
  const change = (to: string) => {
    renameSync(at(small.length === 0 ? 'moved.mov' : 'new.mov'), at(to));
    rmSync(at('other/gone.mov'), { force: true });
    const look = scanner.find([v('moved.mov'), v('new.mov'), v('newer.mov'), v('other')]);
    small.push(look.then(() => t.notOk(isWalkOver, `${to}: the walk goes on`)));
  };
  await scanner.scan(ROOT, {
    wantsFoldersFirst: () => true,
    onFolder: (folder) => {
      if (folders.push(folder) === 1) change('new.mov');
      // The folders were told, and their files come now.
      if (folders.length === 4) change('newer.mov');
    },
    onProgress: ({ total }) => {
      isWalkOver ||= total !== undefined;
    },
  });
  await Promise.all(small);
  t.strictSame(folders.slice(0, 3).sort(), ['', 'files', 'other']);
  t.strictSame(folders.slice(3).sort(), ['', 'files', 'other']);
  t.equal(catalog.byPath(v('newer.mov'))?.id, moved, 'it is the same clip');
  t.match(catalog.counts(), { total: 301 });
  for (const name of ['moved.mov', 'new.mov', 'other/gone.mov']) t.equal(catalog.byPath(v(name)), undefined, name);
});

t.test('an aborted scan ends soon, keeps what it learnt, and the next one does the rest', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`${index}.mov`, String(index)]));
  const abort = new AbortController();
  let count = 0;
  const examine: Examine = async ({ path }) => {
    if (++count === 5) abort.abort();
    return { fingerprint: path as string as Fingerprint, media: undefined, eligibility: { kind: 'eligible' } };
  };
  const { scanner, catalog } = await bench(t, files, { examine });
  await t.rejects(scanner.scan(ROOT, { signal: abort.signal }), { name: 'AbortError' });
  const { eligible, total } = catalog.counts();
  t.equal(total, 30);
  t.ok(eligible > 0 && eligible < 30);
  t.match(await scanner.scan(ROOT), { probed: 30 - eligible });
});
