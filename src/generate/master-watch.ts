/** What is being made of a file that is gone, or another by now, is given up: nobody could use it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../base/error.js';
import type { VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { Generation } from './generation.js';
import { findMaster } from './master.js';

const LOOK_MS = 2000;

/**
 * Runs `work`, and aborts the signal that it gets when the master is not what it was; rejects with `job/cancelled`
 * then. One that was renamed is missed for a moment, until the catalog knows: it has to be missed twice.
 */
export async function whileMasterStays<T>(
  generation: Generation,
  { asset, path, signal }: { readonly asset: AssetRow; readonly path: VirtualPath; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const [gone, over] = [new AbortController(), new AbortController()];
  const watch = async () => {
    for (let missed = 0; missed < 2; ) {
      await sleep(LOOK_MS, undefined, { signal: over.signal, ref: false });
      // Storage that does not answer is no change.
      missed = (await findMaster(generation, asset, path).catch(() => path)) === undefined ? missed + 1 : 0;
    }
    gone.abort(new ProxyfsError('job/cancelled', 'its file is gone, or another by now'));
  };
  // Rejects only when the work is over.
  watch().catch(() => undefined);
  try {
    return await work(AbortSignal.any([signal, gone.signal]));
  } catch (error) {
    throw gone.signal.aborted ? gone.signal.reason : error;
  } finally {
    over.abort();
  }
}
