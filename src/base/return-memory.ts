/**
 * Gives memory back to the system after work on the whole of a large project.
 *
 * V8 keeps the pages of a heap that was large once until it collects for reasons of its own, which an
 * idle daemon seldom gives it; what was freed in native code stays with the allocator, and SQLite
 * keeps the pages it has read. The collection holds the event loop for some tens of milliseconds, and in the
 * midst of other work its garbage would only grow again: it waits until the loop is at rest.
 */

import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** From this many assets on the garbage of one pass is worth a collection. */
const LARGE = 5000;
/** One collection for what belongs together: a flip, its report, the next flip. Counted from the last of it. */
const GATHER_MS = 250;
/** The share of that time in which a loop at rest has something to do. */
const AT_REST = 0.5;
/** Somebody may keep it busy for hours. */
const MOST_WAIT_MS = 30_000;

const holders = new Set<() => void>();
let timer: NodeJS.Timeout | undefined;
/** When it is due at the latest: other work that ends meanwhile does not put it off. */
let latest: number | undefined;
let collect: (() => void) | undefined;

/** `release` lets go of memory that can be had again; called in the order of registration, after the collection. */
export function alsoReturns(release: () => void): () => void {
  holders.add(release);
  return () => void holders.delete(release);
}

/** `assets`: how many the work that is over has touched. */
export function returnMemory(assets: number): void {
  if (assets < LARGE) return;
  clearTimeout(timer);
  latest ??= performance.now() + MOST_WAIT_MS;
  awaitRest(latest);
}

function awaitRest(until: number): void {
  const before = performance.eventLoopUtilization();
  const wait = Math.max(0, Math.min(GATHER_MS, until - performance.now()));
  timer = setTimeout(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    if (utilization > AT_REST && performance.now() < until) return awaitRest(until);
    [timer, latest] = [undefined, undefined];
    collect ??= collector();
    collect();
    for (const release of holders) release();
  }, wait).unref();
}

/** `gc` exists in contexts that are made after the flag was set. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
