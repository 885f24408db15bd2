/**
 * The daemon's own calls into its own mount: the nudge and the verification.
 *
 * Node runs file system calls on four threads, and the catalog, the pool and the
 * portable driver need them too. At most two calls are on the mount at a time, only
 * asynchronous ones, and one that does not come back in time ends the series: its
 * thread stays taken, so nobody queues behind it.
 */

import { ProxyfsError } from '../base/error.js';

const CONCURRENCY = 2;

export interface OwnMountOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `action` for each item; results in the order of the items. Rejects at the first failure. */
export async function onOwnMount<T, R>(
  items: readonly T[],
  action: (item: T) => Promise<R>,
  options: OwnMountOptions,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < items.length && !failed) {
      options.signal?.throwIfAborted();
      const index = next++;
      results[index] = await withTimeout(action(items[index] as T), options.timeoutMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  } catch (error) {
    failed = true;
    throw error;
  }
  return results;
}

async function withTimeout<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ProxyfsError('system/io', `the mount did not answer within ${milliseconds} ms`));
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
