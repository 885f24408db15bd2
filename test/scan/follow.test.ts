import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Fingerprint } from '../../src/base/ids.js';
import { type RealPath, ROOT, type VirtualPath } from '../../src/base/paths.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { silentLogger } from '../../src/log/logger.js';
import { Follower, type FollowerOptions } from '../../src/scan/follow.js';
import { Scanner, type ScanResult } from '../../src/scan/scanner.js';
import { openDatabase } from '../../src/store/database.js';

async function follow(t: Test, files: Parameters<Test['testdir']>[0], options: Partial<FollowerOptions> = {}) {
  const source = t.testdir(files) as RealPath;
  const state = await mkdtemp(join(tmpdir(), 'proxyfs-follow-'));
  const catalog = createCatalog(openDatabase(join(state, 'catalog.db') as RealPath));
  const eligibility = { kind: 'eligible' } as const;
  const scanner = new Scanner({
    source,
    catalog,
    log: silentLogger,
    hiddenRootNames: ['.proxyfs'],
    settleMs: 300,
    examine: async ({ path }) => ({ fingerprint: `${path}` as Fingerprint, media: undefined, eligibility }),
  });
  await scanner.scan(ROOT, { settleWithinMs: 5000 });
  const results: ScanResult[] = [];
  const onScanned = (result: ScanResult) => results.push(result);
  const hiddenRootNames = ['.proxyfs'];
  const common = { scanner, source, log: silentLogger, onScanned, hiddenRootNames, debounceMs: 50, settleMs: 300 };
  const follower = new Follower({ ...common, ...options });
  follower.start();
  t.teardown(async () => {
    await follower.close();
    catalog.close();
    rmSync(state, { recursive: true });
  });
  const kindOf = (path: string) => catalog.byPath(path as VirtualPath)?.eligibility.kind;
  return { follower, results, kindOf, at: (name: string) => join(source, name) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

t.test('what is copied, moved, changed and removed behind the mount reaches the catalog', async (t) => {
  const { follower, kindOf, at } = await follow(t, { 'a.mov': 'a', day: { 'b.mov': 'b' } });
  await until(() => follower.isReady);
  writeFileSync(at('new.mov'), 'new');
  mkdirSync(at('day/two'));
  writeFileSync(at('day/two/c.mov'), 'c');
  await until(() => kindOf('new.mov') === 'eligible' && kindOf('day/two/c.mov') === 'eligible');
  appendFileSync(at('a.mov'), 'more');
  await until(() => kindOf('a.mov') === 'unknown');
  await until(() => kindOf('a.mov') === 'eligible');
  renameSync(at('day'), at('night'));
  await until(() => kindOf('night/b.mov') === 'eligible' && kindOf('day/b.mov') === undefined);
  rmSync(at('a.mov'));
  await until(() => kindOf('a.mov') === undefined);
});

t.test('a tree above the limit is not watched; hints and rescans still reach it', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}.mov`, 'x']));
  const { follower, kindOf, at } = await follow(t, files, { watchLimit: 10, rescanMs: 1000 });
  await until(() => !follower.isWatching);
  writeFileSync(at('hinted.mov'), 'x');
  follower.hint('hinted.mov' as VirtualPath);
  await until(() => kindOf('hinted.mov') === 'eligible');
  writeFileSync(at('silent.mov'), 'x');
  await until(() => kindOf('silent.mov') === 'eligible');
});

t.test('news that never pauses is scanned all the same', async (t) => {
  const { follower, kindOf, at } = await follow(t, {}, { watchLimit: 0, debounceMs: 100 });
  writeFileSync(at('clip.mov'), 'x');
  const chatter = setInterval(() => follower.hint('clip.mov' as VirtualPath), 20);
  t.teardown(() => clearInterval(chatter));
  await until(() => kindOf('clip.mov') === 'eligible');
});
