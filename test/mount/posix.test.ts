/**
 * The same file operations on the mount and on a plain directory: every result, every error number and the
 * tree that is left must be equal. Once with passthrough, once with the native threads reading and writing.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import type { MountedVolume, MountOptions } from '../../src/mount/driver.js';
import { createNativeDriver } from '../../src/mount/native-driver.js';
import { detachStale } from '../../src/mount/stale-mount.js';
import { openHandlesLeft } from '../fixtures/open-handles.js';

const run = promisify(execFile);
// The compiled test lies in dist/test/mount, the programs where the sources are.
const FIXTURES = join(fileURLToPath(import.meta.url), '../../../../test/fixtures');
const PROGRAMS = ['posix-operations.py', 'posix-rules.py', 'posix-calls.py'];
const SEEDS = [1, 2];
const RANDOM_OPERATIONS = '1500';
const skip = unmountableReason();

t.setTimeout(240_000);

interface CaseReport {
  readonly results: readonly unknown[];
  readonly tree: readonly unknown[];
}

function unmountableReason(): string | false {
  if (process.platform !== 'linux') return 'not Linux';
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse';
  return process.geteuid?.() === 0 ? false : 'needs root';
}

async function makeFolder(t: Test): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-posix-')));
  await chmod(root, 0o755);
  for (const name of ['source', 'mount']) await mkdir(join(root, name));
  t.teardown(async () => {
    await detachStale(join(root, 'mount'));
    await rm(root, { recursive: true, force: true });
  });
  return root;
}

async function mount(t: Test, root: string, disable: MountOptions['disable']): Promise<MountedVolume> {
  const volume = await createNativeDriver().mount({
    source: toRealPath(join(root, 'source')),
    mountPoint: toRealPath(join(root, 'mount')),
    fsName: 'proxyfs-posix',
    hiddenRootNames: [],
    writes: 'deny',
    allowOther: true,
    disable,
  });
  t.teardown(() => volume.unmount({ force: true }));
  return volume;
}

async function operate(folder: string): Promise<Record<string, CaseReport>> {
  const reports = await Promise.all(PROGRAMS.map((program) => runFixture(program, folder)));
  return Object.assign({}, ...reports.map((report) => JSON.parse(report)));
}

async function runFixture(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('python3', ['-B', join(FIXTURES, program), ...args], { maxBuffer: 1 << 26 });
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}

/** The log of a random sequence in a new folder below `root`, one line an operation. */
async function operateAtRandom(root: string, seed: number, options: readonly string[]): Promise<readonly string[]> {
  const folder = join(root, `random-${seed}`);
  await mkdir(folder);
  await chmod(folder, 0o755);
  return (await runFixture('random-names.py', folder, String(seed), RANDOM_OPERATIONS, ...options)).split('\n');
}

const plain = skip === false ? operateOnPlainFolder() : undefined;

async function operateOnPlainFolder(): Promise<Record<string, CaseReport>> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-posix-')));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  await chmod(root, 0o755);
  return operate(root);
}

/** The rows of "Differences from the disk" in docs/semantics.md that one call can show. */
async function compareDifferences(t: Test, root: string, passthrough: boolean): Promise<void> {
  for (const folder of ['mount', 'source']) await mkdir(join(root, folder, 'differences'), { recursive: true });
  const [mounted, source] = [join(root, 'mount', 'differences'), join(root, 'source', 'differences')];
  t.strictSame(JSON.parse(await runFixture('posix-differences.py', mounted, source)), {
    fiemap: 'ENOTSUP',
    collapse: 'ENOTSUP',
    insert: 'ENOTSUP',
    device: 'EACCES',
    'set-group-id after a write by others': '-rw-r-Srw-',
    'owner to nobody by others': null,
    'mtime of a written fifo': 1,
    'lock of the source': null,
    'unaligned direct write': passthrough ? 'EINVAL' : 1,
    'hole of what is mapped': passthrough ? 0 : 1 << 20,
    'behind the end': passthrough ? '\0' : 'A',
    'capability after a mapped write': passthrough ? ['security.capability'] : [],
    'zeros beside a writer': 0,
    'access behind the end': passthrough,
    epoll: null,
    'read without waiting': 'ENOTSUP',
    version: 'ENOTTY',
    'seek far': '4611686018427387904',
    alignment: 0,
    'forgotten handle': 'ESTALE',
    'folder renamed behind': ['folder', 'renamed'],
    'space after removal': true,
  });
}

async function compareRandomNames(t: Test, root: string, seed: number, options: readonly string[]): Promise<void> {
  await mkdir(join(root, 'plain'), { recursive: true });
  const [expected, actual] = await Promise.all([
    operateAtRandom(join(root, 'plain'), seed, options),
    operateAtRandom(join(root, 'mount'), seed, options),
  ]);
  const first = expected.findIndex((line, number) => line !== actual[number]);
  t.equal(actual[first], expected[first], `${expected.length} lines of random operations are equal, seed ${seed}`);
  t.equal(actual.length, expected.length);
}

for (const [how, disable] of [
  ['with passthrough', {}],
  ['by native threads', { passthrough: true }],
  ['mounted by fusermount3, entries invalidated one by one', { directMount: true, incEpoch: true }],
  ['with nothing that can be switched off', { passthrough: true, directMount: true, incEpoch: true }],
] as const) {
  t.test(`the mount behaves like a plain directory, ${how}`, { skip, timeout: 60_000 }, async (t) => {
    const root = await makeFolder(t);
    const volume = await mount(t, root, disable);
    const [expected = {}, actual] = await Promise.all([plain, operate(join(root, 'mount'))]);
    t.ok(Object.keys(expected).length >= 30, 'the programs ran their cases');
    for (const [name, { results, tree }] of Object.entries(expected)) {
      t.notMatch(String(results[0]), /^\w*Error: /, `${name.replaceAll('_', ' ')}: ran`);
      t.strictSame(actual[name]?.results, results, `${name.replaceAll('_', ' ')}: results`);
      t.strictSame(actual[name]?.tree, tree, `${name.replaceAll('_', ' ')}: the tree that is left`);
    }
    await compareDifferences(t, root, volume.info.passthrough);
    // What may lie in a mapping is not called a hole: see "Differences from the disk" in docs/semantics.md.
    const options = volume.info.passthrough ? [] : ['--without-holes'];
    for (const seed of SEEDS) await compareRandomNames(t, root, seed, options);
    t.match(await runFixture('random-data.py', join(root, 'mount'), '1', '1500'), /operations agree/);
    t.equal(await openHandlesLeft(volume), 0, 'no handle is left');
    if (disable.passthrough !== true && volume.info.passthrough) {
      t.equal(volume.counters().reads + volume.counters().writes, 0, 'the daemon saw no READ and no WRITE');
    }
  });
}
