/**
 * Proxies that no project uses any more: made by a recipe or an FFmpeg of the past, or for a
 * project whose state was deleted. A day old at least, since between the publication of a proxy and
 * the word of its user lie moments.
 */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';

/** So long nobody may have said yet that it is used. */
export const DAY_MS = 86_400_000;
const NAME = /^([0-9a-f]{64})\./;

export interface Unclaimed {
  readonly key: PoolKey;
  /** Of all its files. */
  readonly size: number;
}

/** The oldest first. */
export async function listUnclaimed(
  objects: RealPath,
  claimed: ReadonlySet<PoolKey>,
  now: number,
): Promise<readonly Unclaimed[]> {
  const found = new Map<PoolKey, { size: number; at: number }>();
  for (const shard of await readdir(objects)) {
    for (const name of await readdir(join(objects, shard))) {
      const key = NAME.exec(name)?.[1] as PoolKey | undefined;
      if (key === undefined || claimed.has(key)) continue;
      const { size, ctimeMs } = await facts(join(objects, shard, name));
      const known = found.get(key) ?? { size: 0, at: 0 };
      found.set(key, { size: known.size + size, at: Math.max(known.at, ctimeMs) });
    }
  }
  const old = [...found].filter(([, { at }]) => now - at > DAY_MS);
  return old.sort(([, a], [, b]) => a.at - b.at).map(([key, { size }]) => ({ key, size }));
}

/** As young as can be for what was removed meanwhile. */
async function facts(path: string): Promise<{ readonly size: number; readonly ctimeMs: number }> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return { size: 0, ctimeMs: Number.POSITIVE_INFINITY };
  }
}
