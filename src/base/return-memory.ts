/**
 * Gives memory back to the system after work on the whole of a large project.
 *
 * V8 keeps the pages of a heap that was large once until it collects for reasons of its own, which an
 * idle daemon seldom gives it; what was freed in native code stays with the allocator, and SQLite
 * keeps the pages it has read. The collection holds the event loop for some tens of milliseconds; no
 * file operation of the mount waits for that.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** From this many assets on the garbage of one pass is worth a collection. */
const LARGE = 5000;
/** One collection for what belongs together: a flip, its report, the next flip. Counted from the last of it. */
const GATHER_MS = 250;

const holders = new Set<() => void>();
let timer: NodeJS.Timeout | undefined;
let collect: (() => void) | undefined;

/** `release` lets go of memory that can be had again; called in the order of registration, after the collection. */
export function alsoReturns(release: () => void): () => void {
  holders.add(release);
  return () => void holders.delete(release);
}

/** `assets`: how many the work that is over has touched. */
export function returnMemory(assets: number): void {
  if (assets < LARGE) return;
  if (timer !== undefined) return void timer.refresh();
  timer = setTimeout(() => {
    timer = undefined;
    collect ??= collector();
    collect();
    for (const release of holders) release();
  }, GATHER_MS).unref();
}

/** `gc` exists in contexts that are made after the flag was set. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
