/** Works tasks off one after the other, and several at once while somebody lends a hand. */

import { setTimeout as sleep } from 'node:timers/promises';

/** Lends a worker for one task; undefined while there is none to spare. The result gives it back. */
export type Borrow = () => (() => void) | undefined;

const LOOK_AGAIN_MS = 1000;

/** The first error ends all that runs, and is thrown when nothing runs any more. */
export async function workOff<T>(
  tasks: readonly T[],
  work: (task: T, signal: AbortSignal) => Promise<void>,
  { signal, borrow }: { readonly signal: AbortSignal; readonly borrow?: Borrow | undefined },
): Promise<void> {
  const waiting = [...tasks];
  const abort = new AbortController();
  const both = AbortSignal.any([signal, abort.signal]);
  const running = new Set<Promise<void>>();
  let isOwnFree = true;
  let failed: { readonly error: unknown } | undefined;
  const start = (task: T, release: () => void) => {
    const run = work(task, both)
      .catch((error: unknown) => {
        failed ??= { error };
        abort.abort(error);
      })
      .finally(() => {
        running.delete(run);
        release();
      });
    running.add(run);
  };
  const hand = (): (() => void) | undefined => {
    if (!isOwnFree) return borrow?.();
    isOwnFree = false;
    return () => {
      isOwnFree = true;
    };
  };
  while (failed === undefined && waiting.length > 0) {
    const release = hand();
    const task = release && waiting.shift();
    if (release !== undefined && task !== undefined) start(task, release);
    else await Promise.race([...running, sleep(LOOK_AGAIN_MS, undefined, { ref: false })]);
  }
  await Promise.all(running);
  if (failed !== undefined) throw failed.error;
  signal.throwIfAborted();
}
