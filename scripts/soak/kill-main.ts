/**
 * The daemon is killed at random moments, under readers, writers and flips, and comes back each time.
 *
 * usage: scripts/soak/kill [--rounds N]
 *
 * After each death: the mount point answers within its patience (the guardian's next daemon, or, when the guardian
 * has given up after too many deaths, an empty folder and a new `mount`), every clip is one whole variant, the one of
 * its mode, and what writers were told was written is on the source. At the end the masters are what they were.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { ProxyfsError } from '../../src/base/error.js';
import { isProcessAlive } from '../../src/base/process-alive.js';
import { type Client, connect } from '../../src/control/client.js';
import { findProject } from '../../src/control/discovery.js';
import { launchDaemon } from '../../src/control/launch.js';
import type { RuntimeRecord } from '../../src/control/runtime-record.js';

const { values: args } = parseArgs({ options: { rounds: { type: 'string', default: '50' } } });
const ROUNDS = Number(args.rounds);
const CLIPS = ['one.mov', 'two.mov', 'three.mov'];
const LONGEST_LIFE_MS = 2_500;
const PATIENCE_MS = 60_000;
const run = promisify(execFile);

/** Reads clips and writes files for ever; errors of a mount that is gone are waited out, anything else is told. */
const LOAD = `
import errno, hashlib, os, random, sys, time
mount, mode, good = sys.argv[1], sys.argv[2], set(sys.argv[3].split(','))
calm = {errno.ENOTCONN, errno.ECONNABORTED, errno.ENOENT, errno.EIO, errno.ESTALE, errno.EINTR, errno.ENODEV, errno.EROFS}
count = 0
while True:
    try:
        if mode == 'read':
            path = os.path.join(mount, random.choice(['one.mov', 'two.mov', 'three.mov']))
            with open(path, 'rb') as file: data = file.read()
            if hashlib.sha256(data).hexdigest() not in good: sys.exit(path + ' was read torn')
        elif os.path.ismount(mount):
            path = os.path.join(mount, 'written-%d' % count)
            with open(path + '.part', 'w') as file:
                file.write(str(count))
            os.rename(path + '.part', path)
            print(count, flush=True)
            count += 1
            time.sleep(0.01)
    except OSError as error:
        if error.errno not in calm: raise
        time.sleep(0.02)
`;

const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-kill-')));
const [source, mountPoint] = [join(dir, 'source'), join(dir, 'mount')];
process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
process.env['XDG_STATE_HOME'] = join(dir, 'state');
process.env['PROXYFS_SETTLE_MS'] = '100';
const load: ChildProcess[] = [];
let last: RuntimeRecord | undefined;
try {
  await main();
} finally {
  for (const child of load) child.kill('SIGKILL');
  if (last?.guardian !== undefined && isProcessAlive(last.guardian)) process.kill(-last.guardian, 'SIGKILL');
  await sleep(200);
  await run('umount', ['-l', mountPoint]).catch(() => undefined);
  await rm(dir, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const masters = await makeClips();
  let client = await mount();
  await client.call('prewarm', { paths: [''], wait: true });
  const proxies = await hashes(mountPoint);
  const variants = { master: masters, proxy: proxies };
  startLoad('read', [...masters, ...proxies]);
  startLoad('read', [...masters, ...proxies]);
  const written = countLines(startLoad('write', []));
  const slowest = { ms: 0, remounts: 0 };
  for (let round = 1; round <= ROUNDS; round += 1) {
    const flips = flipForEver(client);
    await sleep(Math.random() * LONGEST_LIFE_MS);
    const began = Date.now();
    await kill();
    client.close();
    await flips;
    client = await comeBack(slowest);
    slowest.ms = Math.max(slowest.ms, Date.now() - began);
    const { mode } = await client.call('status', {});
    const found = await hashes(mountPoint);
    if (found.join() !== variants[mode.base].join())
      throw new Error(`round ${round}: not what ${mode.base} mode serves`);
    if (load.some(({ exitCode }) => exitCode !== null)) throw new Error(`round ${round}: a reader or a writer failed`);
  }
  for (const child of load) child.kill('SIGKILL');
  const told = written();
  for (let number = 0; number < told; number += 1) {
    if ((await readFile(join(source, `written-${number}`), 'utf8')) !== String(number))
      throw new Error(`${number} is lost`);
  }
  if ((await hashes(source)).join() !== masters.join()) throw new Error('a master has changed');
  await client.call('unmount', { force: true });
  process.stdout.write(
    `${ROUNDS} deaths: back each time, within ${slowest.ms} ms at most; ${slowest.remounts} new mounts after the guardian gave up; ${told} files written and all there\n`,
  );
}

async function makeClips(): Promise<string[]> {
  await Promise.all([source, mountPoint].map((each) => mkdir(each)));
  for (const [number, name] of CLIPS.entries()) {
    const input = ['-f', 'lavfi', '-i', `testsrc2=s=320x180:r=24,hue=h=${number * 50}`, '-frames:v', '12'];
    await run('ffmpeg', ['-v', 'error', ...input, '-c:v', 'prores_ks', '-qscale:v', '2', join(source, name)]);
  }
  return hashes(source);
}

async function hashes(folder: string): Promise<string[]> {
  const read = async (name: string) => createHash('sha256').update(await readFile(join(folder, name)));
  return Promise.all(CLIPS.map(async (name) => (await read(name)).digest('hex')));
}

async function mount(): Promise<Client> {
  last = await launchDaemon({ source, mountPoint, workers: 1 });
  return connect(last);
}

function startLoad(mode: 'read' | 'write', good: readonly string[]): ChildProcess {
  const child = spawn('python3', ['-c', LOAD, mountPoint, mode, good.join()], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  load.push(child);
  return child;
}

/** How many files the writer was told are written. */
function countLines(child: ChildProcess): () => number {
  let lines = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    lines += chunk.toString().split('\n').length - 1;
  });
  return () => lines;
}

/** Ends with the daemon. */
async function flipForEver(client: Client): Promise<void> {
  try {
    for (let flip = 0; ; flip += 1) await client.call('mode.set', { mode: flip % 2 === 0 ? 'master' : 'proxy' });
  } catch (error) {
    if (!(error instanceof ProxyfsError) || error.code !== 'daemon/unreachable') throw error;
  }
}

async function kill(): Promise<void> {
  const { pid } = await findProject(mountPoint, '/');
  process.kill(pid, 'SIGKILL');
  while (isProcessAlive(pid)) await sleep(5);
}

/** A dead mount point may be seen for a moment only. */
async function comeBack(slowest: { remounts: number }): Promise<Client> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      last = await findProject(mountPoint, '/');
      return await connect(last);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      if (last?.guardian !== undefined && !isProcessAlive(last.guardian)) break;
      await sleep(50);
    }
  }
  // The guardian gave up: what it leaves is the folder below, which answers.
  await stat(mountPoint);
  if ((await readFile('/proc/self/mounts', 'utf8')).includes(` ${mountPoint} `)) throw new Error('a mount was left');
  slowest.remounts += 1;
  return mount();
}
