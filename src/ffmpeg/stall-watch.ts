/**
 * Notices that a program makes no progress any more.
 *
 * Time counts only while the program could have worked: not while it was suspended, and a
 * tenth of it while it waited for a processor, which is what the lowest priority is for. A
 * clock that jumps (a machine that slept) counts as two ticks at most.
 */

import { readdirSync, readFileSync } from 'node:fs';
import type { Pace } from './pace.js';

export interface StallOptions {
  /** Milliseconds without progress until `onStall`, once. */
  readonly stallMs: number;
  readonly pid: number | undefined;
  readonly pace?: Pace | undefined;
  /** Looked at now and then: another value than before is progress. */
  readonly look?: (() => string | undefined) | undefined;
  readonly onStall: () => void;
}

export interface StallWatch {
  /** There was progress. */
  moved(): void;
  stop(): void;
}

const TICKS = 8;
const LONGEST_TICK_MS = 5000;
const STARVED_WEIGHT = 0.1;
const NS_PER_MS = 1e6;

export function watchStall({ stallMs, pid, pace, look, onStall }: StallOptions): StallWatch {
  const tickMs = Math.min(LONGEST_TICK_MS, Math.max(1, stallMs / TICKS));
  let idleMs = 0;
  let [last, waited, seen] = [performance.now(), waitedMs(pid), look?.()];
  const timer = setInterval(() => {
    const elapsed = Math.min(performance.now() - last, 2 * tickMs);
    const [waitedNow, seenNow] = [waitedMs(pid), look?.()];
    const isStarved = waitedNow - waited > elapsed / 2;
    if (seenNow !== seen) idleMs = 0;
    else if (!pace?.isSuspended) idleMs += isStarved ? elapsed * STARVED_WEIGHT : elapsed;
    [last, waited, seen] = [performance.now(), waitedNow, seenNow];
    if (idleMs < stallMs) return;
    clearInterval(timer);
    onStall();
  }, tickMs);
  return {
    moved: () => {
      idleMs = 0;
    },
    stop: () => clearInterval(timer),
  };
}

/** How long the threads of a process have waited for a processor, together; 0 where the kernel does not say. */
function waitedMs(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum + threadWaitedMs(`/proc/${pid}/task/${thread}/schedstat`), 0);
  } catch {
    return 0; // it has ended
  }
}

function threadWaitedMs(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[1] ?? 0) / NS_PER_MS;
  } catch {
    return 0; // the thread has ended, or the kernel keeps no such figures
  }
}

/** Bytes a process has read so far, from wherever: a program that reads on is not stuck. */
export function bytesRead(pid: number | undefined): string | undefined {
  try {
    return /^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1];
  } catch {
    return undefined; // it has ended, or belongs to somebody else
  }
}
