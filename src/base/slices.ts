/**
 * Long work of the event loop in slices: whoever loops over a whole project rests now and then, so
 * that calls, timers and workers have their turn within a few milliseconds.
 */

import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 8;

export class Slices {
  #since = performance.now();

  /** To be awaited between two steps, which should be short; resolves at once until the slice is used up. */
  async rest(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!this.isUsedUp) return;
    await setImmediate(undefined, { signal });
    this.#since = performance.now();
  }

  get isUsedUp(): boolean {
    return performance.now() - this.#since >= SLICE_MS;
  }
}
