/**
 * Everything at once: flips, masters replaced, exchanged, renamed, deleted and made anew behind the mount,
 * files that grow, and many readers with descriptors and mappings. No reader may see two files in one.
 * PROXYFS_TORTURE_SECONDS makes it longer.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import type { MountedVolume, MountOptions, SwapChange } from '../../src/mount/driver.js';
import { createNativeDriver } from '../../src/mount/native-driver.js';
import { detachStale } from '../../src/mount/stale-mount.js';
import { openHandlesLeft } from '../fixtures/open-handles.js';

const PROGRAM = join(fileURLToPath(import.meta.url), '../../../../test/fixtures/torture.py');
const SECONDS = Number(process.env.PROXYFS_TORTURE_SECONDS ?? 5);
const READERS = Number(process.env.PROXYFS_TORTURE_READERS ?? 6);
const STABLE = 'stable.mov';
const skip =
  process.platform !== 'linux' || !existsSync('/dev/fuse') || process.geteuid?.() !== 0
    ? 'needs root and /dev/fuse'
    : false;

t.setTimeout((2 * SECONDS + 60) * 1_000);

interface Folders {
  readonly source: string;
  readonly mountPoint: string;
  readonly pool: string;
}

interface Seen {
  readonly opens: number;
  readonly masters: number;
  readonly proxies: number;
  readonly missing: number;
  readonly stale: number;
  readonly held: number;
}

async function makeFolders(t: Test): Promise<Folders> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-torture-')));
  t.teardown(async () => {
    await detachStale(join(root, 'mount'));
    await rm(root, { recursive: true, force: true });
  });
  const folders = { source: join(root, 'source'), mountPoint: join(root, 'mount'), pool: join(root, 'pool') };
  for (const folder of Object.values(folders)) await mkdir(folder);
  await writeFile(join(folders.source, STABLE), blocks('stable', 'M', 500));
  return folders;
}

/** See test/fixtures/torture.py. */
function blocks(id: string, kind: 'M' | 'P', count: number): string {
  return Array.from({ length: count }, (_, i) => `${`${id} ${kind} ${i} ${count}`.padEnd(63)}\n`).join('');
}

function start(...args: readonly string[]): ChildProcess {
  return spawn('python3', [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
}

async function finish(child: ChildProcess): Promise<{ output: string; faults: string }> {
  let [output, faults] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    faults += chunk.toString();
  });
  await once(child, 'close');
  return { output, faults };
}

/** Flips what is there now, to proxies of its very content or back; undefined when it just went away. */
async function changeFor(folders: Folders, name: string, toProxy: boolean): Promise<SwapChange | undefined> {
  const path = join(folders.source, name);
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    const common = { asset: { dev, ino }, reason: 'torture', profile: 'light' };
    if (!toProxy) return { ...common, swap: { kind: 'master' } };
    const replacement = toRealPath(join(folders.pool, `${ino}-${mtimeNs}`));
    if (!existsSync(replacement)) {
      await writeFile(`${replacement}.part`, blocks(`proxy-${ino}`, 'P', 1 + (Number(ino) % 700)));
      await writeFile(replacement, await readFile(`${replacement}.part`));
    }
    return { ...common, swap: { kind: 'replace', replacement, mtimeNs: mtimeNs + 1n, guard: { size, mtimeNs } } };
  } catch {
    return undefined;
  }
}

async function flipAll(volume: MountedVolume, folders: Folders, toProxy: boolean): Promise<boolean> {
  const names = (await readdir(folders.source)).filter((name) => name.endsWith('.mov') && !name.startsWith('growing'));
  const changes = await Promise.all(names.map((name) => changeFor(folders, name, toProxy)));
  await volume.commit(changes.filter((change) => change !== undefined));
  const file = await open(join(folders.mountPoint, STABLE));
  const { buffer } = await file.read(Buffer.alloc(64), 0, 64, 0);
  await file.close();
  return buffer.toString().includes(toProxy ? ' P 0 ' : ' M 0 ');
}

async function torture(t: Test, disable: MountOptions['disable']): Promise<void> {
  const folders = await makeFolders(t);
  const volume = await createNativeDriver().mount({
    source: toRealPath(folders.source),
    mountPoint: toRealPath(folders.mountPoint),
    fsName: 'proxyfs-torture',
    hiddenRootNames: [],
    writes: 'deny',
    allowOther: false,
    disable,
  });
  t.teardown(() => volume.unmount({ force: true }));
  const churner = start('churn', folders.source, String(SECONDS));
  await once(churner.stdout as NodeJS.ReadableStream, 'data');
  const readers = Array.from({ length: READERS }, () => start('read', folders.mountPoint, String(SECONDS)));
  t.teardown(() => {
    for (const child of [churner, ...readers]) child.kill();
  });
  const endings = [churner, ...readers].map(finish);
  const over = Promise.all(endings);
  let [flips, outdated, running] = [0, 0, true];
  over.finally(() => {
    running = false;
  });
  for (; running; flips += 1) {
    if (!(await flipAll(volume, folders, flips % 2 === 0))) outdated += 1;
  }
  t.equal(outdated, 0, `no open after one of ${flips} flips saw the old variant`);
  const [, ...reports] = await over;
  for (const { output, faults } of reports) {
    t.equal(faults, '', 'a reader found nothing torn');
    const seen = JSON.parse(output) as Seen;
    t.comment(output.trim());
    t.ok(seen.masters > 0 && seen.proxies > 0 && seen.held > 0, 'it read both variants and held some open');
    t.ok(seen.stale <= seen.opens / 100, 'hardly an open met two changes of its path in a row');
  }
  t.equal(await openHandlesLeft(volume), 0, 'no handle is left');
}

t.test('readers meet flips and every change behind the mount, by passthrough', { skip, timeout: 600_000 }, (t) =>
  torture(t, {}),
);
t.test('the same, read by native threads', { skip, timeout: 600_000 }, (t) =>
  torture(t, { passthrough: true, incEpoch: true }),
);
