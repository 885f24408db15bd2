/** One mount of proxyfs in a process of its own, as the benchmark's child: mounts, commits, unmounts on request. */

import { stat } from 'node:fs/promises';
import process from 'node:process';
import { toRealPath } from '../../src/base/paths.js';
import type { CommitResult, DriverKind, MountedVolume, MountOptions, SwapChange } from '../../src/mount/driver.js';
import { chooseDriver } from '../../src/mount/drivers.js';

export type ServeRequest =
  | {
      do: 'mount';
      driver: DriverKind;
      source: string;
      mountPoint: string;
      disable: MountOptions['disable'];
      cacheSeconds: number;
    }
  /** Learns the identities of these masters, for later flips of the first `count` of them. */
  | { do: 'learn'; paths: readonly string[]; replacement: string }
  | { do: 'flip'; to: 'replace' | 'master'; count: number }
  | { do: 'unmount' };

export interface FlipTimes {
  readonly changed: number;
  /** When commit() was called: seconds of CLOCK_MONOTONIC. */
  readonly calledAt: number;
  readonly tableMs: number;
  readonly kernelMs: number;
  /** As the caller of commit() sees it, packing of the changes included. */
  readonly totalMs: number;
}

let volume: MountedVolume | undefined;
let learnt: { to: Record<'replace' | 'master', SwapChange[]> } | undefined;

process.on('message', (request: ServeRequest) => {
  answer(request).then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});

/** The benchmark was interrupted: nobody is left to ask for the unmount. */
process.on('disconnect', () => {
  const gone = volume?.unmount({ force: true }) ?? Promise.resolve();
  gone.finally(() => process.exit(1));
});

async function answer(request: ServeRequest): Promise<unknown> {
  if (request.do === 'mount') return mount(request);
  if (request.do === 'learn') return learn(request.paths, request.replacement);
  if (request.do === 'flip') return flip(request.to, request.count);
  await volume?.unmount({ force: false });
  return undefined;
}

async function mount(request: Extract<ServeRequest, { do: 'mount' }>): Promise<readonly string[]> {
  const driver = await chooseDriver(request.driver);
  volume = await driver.mount({
    source: toRealPath(request.source),
    mountPoint: toRealPath(request.mountPoint),
    fsName: 'proxyfs-bench',
    hiddenRootNames: [],
    writes: 'deny',
    allowOther: false,
    disable: request.disable,
    cacheSeconds: request.cacheSeconds,
  });
  return volume.info.limits;
}

async function learn(paths: readonly string[], replacement: string): Promise<void> {
  const to = { replace: [] as SwapChange[], master: [] as SwapChange[] };
  for (const path of paths) {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    const common = { asset: { dev, ino }, reason: 'benchmark', profile: 'light' };
    const guard = { size, mtimeNs };
    const swap = { kind: 'replace', replacement: toRealPath(replacement), mtimeNs: mtimeNs + 1n, guard } as const;
    to.replace.push({ ...common, swap });
    to.master.push({ ...common, swap: { kind: 'master' } });
  }
  learnt = { to };
}

async function flip(to: 'replace' | 'master', count: number): Promise<FlipTimes> {
  if (volume === undefined || learnt === undefined) throw new Error('mount and learn come before flip');
  const changes = learnt.to[to].slice(0, count);
  const start = process.hrtime.bigint();
  const result: CommitResult = await volume.commit(changes);
  const total = process.hrtime.bigint() - start;
  return {
    changed: result.changed,
    calledAt: Number(start) / 1e9,
    tableMs: result.tableNs / 1e6,
    kernelMs: result.kernelNs / 1e6,
    totalMs: Number(total) / 1e6,
  };
}
