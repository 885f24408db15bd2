/**
 * The native driver in this process: many open/read/close cycles through one mount while it flips.
 *
 * Two processes open and close; this one flips and watches itself: open descriptors, resident memory,
 * nodes and handles, every few seconds. A first tenth warms up; what grows after it is a leak.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { toRealPath } from '../../src/base/paths.js';
import type { MountedVolume, SwapChange } from '../../src/mount/driver.js';
import { createNativeDriver } from '../../src/mount/native-driver.js';

const FILES = 50;
const OPENERS = 2;
const SAMPLE_MS = 2000;
/** What JavaScript's heap may grow by before it is collected, and what an allocator may keep. */
const MEMORY_ALLOWANCE_MB = 64;
const OPENER = `
import os, sys
paths = [os.path.join(sys.argv[1], f'clip-{number}.mov') for number in range(${FILES})]
for cycle in range(int(sys.argv[2])):
    fd = os.open(paths[cycle % len(paths)], os.O_RDONLY)
    os.pread(fd, 4096, 0)
    os.close(fd)
`;

export interface Load {
  readonly opens: number;
  readonly flips: number;
  /** Gets one JSON object a line, so that growth can be told from a plateau. */
  readonly samples: string | undefined;
}

type Commits = readonly [readonly SwapChange[], readonly SwapChange[]];

interface Sizes {
  readonly opens: number;
  readonly descriptors: number;
  readonly memoryMb: number;
  readonly heapMb: number;
  readonly nodes: number;
  readonly handles: number;
}

/** Returns what leaked. */
export async function soakDriver({ opens, flips, samples }: Load): Promise<readonly string[]> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-soak-')));
  try {
    const volume = await mountIn(root);
    const sampler = setInterval(() => void sample(volume, samples), SAMPLE_MS);
    try {
      const commits = await makeClips(root);
      await soak(volume, commits, opens * 0.1, flips * 0.1);
      const before = await measure(volume, 'after a tenth');
      await soak(volume, commits, opens * 0.9, flips * 0.9);
      return judge(before, await measure(volume, 'at the end'));
    } finally {
      clearInterval(sampler);
      await volume.unmount({ force: true });
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function mountIn(root: string): Promise<MountedVolume> {
  const [source, mountPoint] = [join(root, 'source'), join(root, 'mount')];
  await mkdir(source);
  await mkdir(mountPoint);
  return createNativeDriver().mount({
    source: toRealPath(source),
    mountPoint: toRealPath(mountPoint),
    fsName: 'proxyfs-soak',
    hiddenRootNames: [],
    writes: 'deny',
    allowOther: false,
    disable: {},
  });
}

/** Changes to proxies, and back to masters. */
async function makeClips(root: string): Promise<Commits> {
  const replacement = toRealPath(join(root, 'proxy.mov'));
  await writeFile(replacement, Buffer.alloc(4096, 'p'));
  const [toProxies, toMasters]: [SwapChange[], SwapChange[]] = [[], []];
  for (let number = 0; number < FILES; number += 1) {
    const path = join(root, 'source', `clip-${number}.mov`);
    await writeFile(path, Buffer.alloc(8192, 'm'));
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    const common = { asset: { dev, ino }, reason: 'soak', profile: 'light' };
    const guard = { size, mtimeNs };
    toProxies.push({ ...common, swap: { kind: 'replace', replacement, mtimeNs: mtimeNs + 1n, guard } });
    toMasters.push({ ...common, swap: { kind: 'master' } });
  }
  return [toProxies, toMasters];
}

async function soak(volume: MountedVolume, commits: Commits, opens: number, flips: number): Promise<void> {
  const cycles = String(Math.ceil(opens / OPENERS));
  const openers = Array.from({ length: OPENERS }, () =>
    spawn('python3', ['-c', OPENER, volume.mountPoint, cycles], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const endings = Promise.all(openers.map(ended));
  for (let flip = 0; flip < flips; flip += 1) {
    await volume.commit(commits[flip % 2] ?? []);
    await sleep(1);
  }
  await endings;
}

async function ended(opener: ChildProcess): Promise<void> {
  const [code] = (await once(opener, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`an opener ended with ${code}`);
}

async function measure(volume: MountedVolume, when: string): Promise<Sizes> {
  const sizes = await sizesNow(volume);
  process.stdout.write(`${when}: ${JSON.stringify(sizes)}\n`);
  return sizes;
}

async function sample(volume: MountedVolume, file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const line = { seconds: Math.round(process.uptime()), ...(await sizesNow(volume)) };
  await appendFile(file, `${JSON.stringify(line)}\n`);
}

async function sizesNow(volume: MountedVolume): Promise<Sizes> {
  const { nodes, openHandles: handles, opens } = volume.counters();
  const descriptors = (await readdir('/proc/self/fd')).length;
  const { rss, heapTotal } = process.memoryUsage();
  return {
    opens: Number(opens),
    descriptors,
    memoryMb: Math.round(rss / 1e6),
    heapMb: Math.round(heapTotal / 1e6),
    nodes,
    handles,
  };
}

/** Nodes of both variants of each file, the root and what the kernel has not forgotten yet. */
function judge(before: Sizes, after: Sizes): readonly string[] {
  return [
    after.handles !== 0 && `${after.handles} handles are left`,
    after.descriptors > before.descriptors + 2 * FILES && 'descriptors grew',
    after.nodes > 4 * FILES && 'nodes grew',
    after.memoryMb > before.memoryMb + MEMORY_ALLOWANCE_MB && 'memory grew',
  ].filter((fault) => fault !== false);
}
