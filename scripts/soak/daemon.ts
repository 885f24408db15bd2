/**
 * The whole daemon: a project of fifty clips is flipped again and again by clients that come and go, while programs
 * keep clips open, read them twice and close them.
 *
 * Each flip is a connection of its own, as each command is. Now and then a path gets a mode of its own and loses it,
 * and somebody asks how things are. Looked at: resident memory, threads and descriptors of the daemon, its files, and
 * the rows of its tables before and after. A first fifth warms up: what has been made is garbage in V8 until then.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { type RealPath, toRealPath } from '../../src/base/paths.js';
import { isProcessAlive } from '../../src/base/process-alive.js';
import { locationsOf, projectIdOf } from '../../src/config/locations.js';
import { type Client, connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import type { RuntimeRecord } from '../../src/control/runtime-record.js';
import { openDatabase } from '../../src/store/database.js';
import type { Load } from './driver.js';

const run = promisify(execFile);
const CLIPS = 50;
const READERS = 3;
const SAMPLES = 100;
/** Between the middle samples of the second fifth and of the last: what V8 may keep that it has not collected yet. */
const MEMORY_ALLOWANCE_MB = 16;
/** What the journal and its indexes take for a flip: measured 290. */
const BYTES_A_FLIP = 512;
/** What SQLite's own log grows to before it is written back; a short run ends before that. */
const FILES_ALLOWANCE = 5 << 20;
/** Holds up to eight clips open; each is read when it is opened, and again before it is closed. */
const READER = `
import hashlib, os, random, sys, time
mount, good = sys.argv[1], set(sys.argv[2].split(','))
held, count = [], 0
def look(fd):
    data = b''
    while piece := os.pread(fd, 1 << 20, len(data)): data += piece
    return hashlib.sha256(data).hexdigest()
while True:
    path = os.path.join(mount, f'clip-{random.randrange(${CLIPS})}.mov')
    fd = os.open(path, os.O_RDONLY)
    seen = look(fd)
    if seen not in good: sys.exit(path + ' was read torn')
    held.append((fd, seen))
    if len(held) > 8 or random.random() < 0.3:
        fd, seen = held.pop(random.randrange(len(held)))
        if look(fd) != seen: sys.exit('an open file has changed')
        os.close(fd)
    time.sleep(0.005)
`;

interface Sizes {
  readonly flips: number;
  readonly memoryMb: number;
  readonly threads: number;
  readonly descriptors: number;
  /** Bytes by file of the state directory without the pool, and how many files the pool has. */
  readonly files: Readonly<Record<string, number>>;
  readonly pool: number;
}

type Rows = Readonly<Record<string, number>>;

/** Returns what leaked. */
export async function soakDaemon({ flips, samples }: Load): Promise<readonly string[]> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-soak-')));
  process.env['XDG_RUNTIME_DIR'] = join(root, 'run');
  process.env['XDG_STATE_HOME'] = join(root, 'state');
  process.env['XDG_CONFIG_HOME'] = join(root, 'config');
  process.env['PROXYFS_SETTLE_MS'] = '100';
  const project = { source: toRealPath(join(root, 'source')), mountPoint: toRealPath(join(root, 'mount')) };
  const readers: ChildProcess[] = [];
  let record: RuntimeRecord | undefined;
  try {
    await makeClips(project);
    record = await launchDaemon({ ...project, workers: 1 });
    const good = await makeProxies(record, project);
    await end(record);
    const rowsBefore = countRows(project.source);
    record = await launchDaemon({ ...project, workers: 1 });
    for (let number = 0; number < READERS; number += 1) readers.push(startReader(project.mountPoint, good));
    const seen = await flipMany(record, flips, readers, samples);
    const rest = await letReadersEnd(record, readers);
    await end(record);
    return [...judge(seen, rest), ...judgeRows(rowsBefore, countRows(project.source), flips)];
  } finally {
    for (const reader of readers) reader.kill('SIGKILL');
    if (record?.guardian !== undefined && isProcessAlive(record.guardian)) process.kill(-record.guardian, 'SIGKILL');
    await run('umount', ['-l', project.mountPoint]).catch(() => undefined);
    await rm(root, { recursive: true, force: true });
  }
}

async function makeClips({ source, mountPoint }: { source: string; mountPoint: string }): Promise<void> {
  await Promise.all([source, mountPoint].map((each) => mkdir(each)));
  for (let number = 0; number < CLIPS; number += 1) {
    const input = ['-f', 'lavfi', '-i', `testsrc2=s=320x180:r=24,hue=h=${number * 7}`, '-frames:v', '6'];
    const output = ['-c:v', 'prores_ks', '-qscale:v', '2', join(source, clip(number))];
    await run('ffmpeg', ['-v', 'error', ...input, ...output]);
  }
}

function clip(number: number): string {
  return `clip-${number}.mov`;
}

/** Returns the hashes of all that a reader may see. */
async function makeProxies(
  record: RuntimeRecord,
  { source, mountPoint }: { source: string; mountPoint: string },
): Promise<readonly string[]> {
  await ask(record, (client) => client.call('prewarm', { paths: [''], wait: true }));
  const masters = await hashes(source);
  const proxies = await hashes(mountPoint);
  if (masters.some((hash) => proxies.includes(hash))) throw new Error('a clip has no proxy');
  return [...masters, ...proxies];
}

async function hashes(folder: string): Promise<string[]> {
  const hash = async (name: string) => createHash('sha256').update(await readFile(join(folder, name)));
  return Promise.all(Array.from({ length: CLIPS }, async (_, number) => (await hash(clip(number))).digest('hex')));
}

function startReader(mountPoint: string, good: readonly string[]): ChildProcess {
  return spawn('python3', ['-c', READER, mountPoint, good.join()], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function flipMany(
  record: RuntimeRecord,
  flips: number,
  readers: readonly ChildProcess[],
  samples: string | undefined,
): Promise<readonly Sizes[]> {
  const seen: Sizes[] = [];
  const every = Math.max(1, Math.floor(flips / SAMPLES));
  for (let flip = 1; flip <= flips; flip += 1) {
    const mode = flip % 2 === 0 ? 'proxy' : 'master';
    await ask(record, (client) => client.call('mode.set', { mode }));
    if (flip % 10 === 0) await giveModeOfItsOwn(record, clip(flip % CLIPS));
    if (flip % 50 === 0) await askAround(record, clip(flip % CLIPS));
    if (readers.some(({ exitCode }) => exitCode !== null)) throw new Error('a reader failed');
    if (flip % every !== 0) continue;
    const sizes = await sizesOf(record, flip);
    seen.push(sizes);
    if (samples !== undefined) await appendFile(samples, `${JSON.stringify(sizes)}\n`);
    if (seen.length % (SAMPLES / 10) === 0) process.stdout.write(`${JSON.stringify(sizes)}\n`);
  }
  return seen;
}

async function giveModeOfItsOwn(record: RuntimeRecord, path: string): Promise<void> {
  await ask(record, (client) => client.call('mode.set', { mode: 'master', paths: [path] }));
  await ask(record, (client) => client.call('mode.clear', { paths: [path] }));
}

async function askAround(record: RuntimeRecord, path: string): Promise<void> {
  await ask(record, async (client) => {
    await client.call('status', {});
    await client.call('handles', {});
    await client.call('why', { path });
    await client.call('history', { path, limit: 20 });
    await client.call('events', { last: 20 });
    return client.call('flush', { paths: [] });
  });
}

async function ask<T>(record: RuntimeRecord, act: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(record);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

async function sizesOf(record: RuntimeRecord, flips: number): Promise<Sizes> {
  const status = await readFile(`/proc/${record.pid}/status`, 'utf8');
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const { stateDir, poolDir } = locationsOf(projectIdOf(toRealPath(record.source)), {});
  const files: Record<string, number> = {};
  for (const { name, isFile } of await entriesOf(stateDir)) if (isFile) files[name] = await sizeOf(stateDir, name);
  return {
    flips,
    memoryMb: Math.round(number('VmRSS') / 1000),
    threads: number('Threads'),
    descriptors: (await readdir(`/proc/${record.pid}/fd`)).length,
    files,
    pool: (await readdir(poolDir, { recursive: true })).length,
  };
}

async function entriesOf(folder: string): Promise<readonly { readonly name: string; readonly isFile: boolean }[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.map((entry) => ({ name: entry.name, isFile: entry.isFile() }));
}

/** A file of a rotation that has just gone has no size. */
async function sizeOf(folder: string, name: string): Promise<number> {
  return (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size;
}

/** What the daemon still has open when nobody holds a file any more. */
async function letReadersEnd(record: RuntimeRecord, readers: readonly ChildProcess[]): Promise<number> {
  const endings = Promise.all(readers.map((reader) => once(reader, 'exit')));
  for (const reader of readers) reader.kill('SIGTERM');
  await endings;
  const { handles } = await ask(record, (client) => client.call('handles', { all: true }));
  return handles.length;
}

async function end(record: RuntimeRecord): Promise<void> {
  await ask(record, (client) => client.call('unmount', { force: false }));
  while (isProcessAlive(record.pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Only while no daemon runs, which keeps the database to itself. */
function countRows(source: RealPath): Rows {
  const db = openDatabase(locationsOf(projectIdOf(source), {}).catalogFile, { waitMilliseconds: 10_000 });
  try {
    const tables = db.statement<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const count = (name: string) => db.statement<{ n: number }>(`SELECT count(*) AS n FROM "${name}"`).get()?.n ?? 0;
    return Object.fromEntries(tables.map(({ name }) => [name, count(name)]));
  } finally {
    db.close();
  }
}

function judge(seen: readonly Sizes[], handlesLeft: number): readonly string[] {
  const fifth = Math.ceil(seen.length / 5);
  const [early, late] = [seen.slice(fifth, 2 * fifth), seen.slice(-fifth)];
  const middle = (sizes: readonly Sizes[], value: (one: Sizes) => number) =>
    sizes.map(value).toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0;
  const grew = (value: (one: Sizes) => number) => middle(late, value) - middle(early, value);
  const bytes = ({ files }: Sizes) => Object.values(files).reduce((sum, size) => sum + size, 0);
  const flips = middle(late, (one) => one.flips) - middle(early, (one) => one.flips);
  return [
    handlesLeft > 0 && `${handlesLeft} handles`,
    grew((one) => one.memoryMb) > MEMORY_ALLOWANCE_MB && 'memory',
    grew((one) => one.threads) > 0 && 'threads',
    // Each reader holds up to nine clips, one of which it has just opened.
    grew((one) => one.descriptors) > 9 * READERS && 'descriptors',
    grew((one) => Object.keys(one.files).length) > 4 && 'files of the state directory',
    grew((one) => one.pool) > 0 && 'files of the pool',
    grew(bytes) > flips * BYTES_A_FLIP + FILES_ALLOWANCE && 'bytes of the state directory',
  ].filter((leak) => leak !== false);
}

/** The journal keeps an event a flip, up to its own bound; nothing else may know how often there was one. */
function judgeRows(before: Rows, after: Rows, flips: number): readonly string[] {
  process.stdout.write(`rows before: ${JSON.stringify(before)}\nrows after: ${JSON.stringify(after)}\n`);
  const allowed = (table: string) => (before[table] ?? 0) + (table === 'event' ? 2 * flips + 100 : 2 * CLIPS);
  return Object.keys(after).flatMap((table) => ((after[table] ?? 0) > allowed(table) ? [`rows of ${table}`] : []));
}
