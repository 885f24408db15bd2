/**
 * Soak: many open/read/close cycles through one mount while it flips, then the sizes of everything again.
 *
 * usage: scripts/soak/run [--opens N] [--flips N] [--samples FILE]
 *
 * Two processes open and close; this one flips and watches itself: open descriptors, resident memory,
 * nodes and handles, every few seconds. A first tenth warms up; what grows after it is a leak, and the exit code
 * says so. FILE gets one JSON object a line, so that growth can be told from a plateau.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { toRealPath } from '../../src/base/paths.js';
import type { MountedVolume, SwapChange } from '../../src/mount/driver.js';
import { createNativeDriver } from '../../src/mount/native-driver.js';

const { values: args } = parseArgs({
  options: {
    opens: { type: 'string', default: '1000000' },
    flips: { type: 'string', default: '10000' },
    samples: { type: 'string' },
  },
});
const OPENS = Number(args.opens);
const FLIPS = Number(args.flips);
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

interface Sizes {
  readonly opens: number;
  readonly descriptors: number;
  readonly memoryMb: number;
  readonly heapMb: number;
  readonly nodes: number;
  readonly handles: number;
}

const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-soak-')));
const [source, mountPoint] = [join(root, 'source'), join(root, 'mount')];
try {
  await mkdir(source);
  await mkdir(mountPoint);
  const volume = await createNativeDriver().mount({
    source: toRealPath(source),
    mountPoint: toRealPath(mountPoint),
    fsName: 'proxyfs-soak',
    hiddenRootNames: [],
    writes: 'deny',
    allowOther: false,
    disable: {},
  });
  const sampler = setInterval(() => void sample(volume), SAMPLE_MS);
  try {
    const [toProxies, toMasters] = await makeClips();
    await soak(volume, toProxies, toMasters, 0.1);
    const before = await measure(volume, 'after a tenth');
    await soak(volume, toProxies, toMasters, 0.9);
    const after = await measure(volume, 'at the end');
    process.exitCode = judge(before, after);
  } finally {
    clearInterval(sampler);
    await volume.unmount({ force: true });
  }
} finally {
  await rm(root, { recursive: true, force: true });
}

async function makeClips(): Promise<[SwapChange[], SwapChange[]]> {
  const replacement = toRealPath(join(root, 'proxy.mov'));
  await writeFile(replacement, Buffer.alloc(4096, 'p'));
  const [toProxies, toMasters]: [SwapChange[], SwapChange[]] = [[], []];
  for (let number = 0; number < FILES; number += 1) {
    const path = join(source, `clip-${number}.mov`);
    await writeFile(path, Buffer.alloc(8192, 'm'));
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    const common = { asset: { dev, ino }, reason: 'soak', profile: 'light' };
    const guard = { size, mtimeNs };
    toProxies.push({ ...common, swap: { kind: 'replace', replacement, mtimeNs: mtimeNs + 1n, guard } });
    toMasters.push({ ...common, swap: { kind: 'master' } });
  }
  return [toProxies, toMasters];
}

async function soak(
  volume: MountedVolume,
  toProxies: readonly SwapChange[],
  toMasters: readonly SwapChange[],
  share: number,
): Promise<void> {
  const cycles = String(Math.ceil((OPENS * share) / OPENERS));
  const openers = Array.from({ length: OPENERS }, () =>
    spawn('python3', ['-c', OPENER, mountPoint, cycles], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const endings = Promise.all(openers.map(ended));
  for (let flip = 0; flip < FLIPS * share; flip += 1) {
    await volume.commit(flip % 2 === 0 ? toProxies : toMasters);
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

async function sample(volume: MountedVolume): Promise<void> {
  if (args.samples === undefined) return;
  const line = { seconds: Math.round(process.uptime()), ...(await sizesNow(volume)) };
  await appendFile(args.samples, `${JSON.stringify(line)}\n`);
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
function judge(before: Sizes, after: Sizes): number {
  const faults = [
    after.handles !== 0 && `${after.handles} handles are left`,
    after.descriptors > before.descriptors + 2 * FILES && 'descriptors grew',
    after.nodes > 4 * FILES && 'nodes grew',
    after.memoryMb > before.memoryMb + MEMORY_ALLOWANCE_MB && 'memory grew',
  ].filter((fault) => fault !== false);
  process.stdout.write(faults.length === 0 ? 'nothing leaked\n' : `leaked: ${faults.join(', ')}\n`);
  return faults.length === 0 ? 0 : 1;
}
