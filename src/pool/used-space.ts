/**
 * Bytes of all files in `objects`. Objects never change in place, so the sum of a shard holds
 * until its directory's mtime moves: asking again costs one stat per shard, not one per proxy.
 */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';

interface ShardSum {
  readonly mtimeMs: number;
  readonly bytes: number;
}

/** File systems stamp times in ticks; a directory younger than this may change again under the same mtime. */
const SETTLED_MS = 2000;

export class UsedSpace {
  readonly #shards = new Map<string, ShardSum>();

  constructor(private readonly objects: RealPath) {}

  async measure(): Promise<number> {
    let total = 0;
    for (const name of await readdir(this.objects)) total += await this.#shard(name);
    return total;
  }

  async #shard(name: string): Promise<number> {
    const path = join(this.objects, name);
    const { mtimeMs } = await stat(path);
    const known = this.#shards.get(name);
    if (known?.mtimeMs === mtimeMs) return known.bytes;
    const bytes = await sumOf(path);
    if (Date.now() - mtimeMs > SETTLED_MS) this.#shards.set(name, { mtimeMs, bytes });
    return bytes;
  }
}

async function sumOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(directory, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Zero for a file that was removed meanwhile. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
