/**
 * Removes what processes that are gone left behind: files in `tmp`, and in `objects` files
 * that never got their manifest, and segments that nobody goes on with. What a living process
 * writes stays, whichever daemon it belongs to; where nobody can tell (another machine), a week
 * without a write decides.
 */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { parseOwner, stateOf } from './owner.js';
import { sweepSegments } from './sweep-segments.js';

const HOUR = 3_600_000;
const UNKNOWN_OWNER_MS = 7 * 24 * HOUR;
/** Between the two renames of a publication lie milliseconds. */
const UNPUBLISHED_MS = HOUR;

/** Returns how many files and folders of segments were removed. */
export async function sweepPool(directory: RealPath, now = Date.now()): Promise<number> {
  const [temporary, unpublished] = [await sweepTemporary(directory, now), await sweepUnpublished(directory, now)];
  return temporary + unpublished + (await sweepSegments(directory, now));
}

async function sweepTemporary(directory: RealPath, now: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(join(directory, 'tmp'))) {
    const path = join(directory, 'tmp', name);
    const owner = parseOwner(name);
    const state = owner === undefined ? 'elsewhere' : stateOf(owner);
    const isLeft = state === 'gone' || (state === 'elsewhere' && (await isOlder(path, now - UNKNOWN_OWNER_MS)));
    if (isLeft && (await remove(path))) removed += 1;
  }
  return removed;
}

async function sweepUnpublished(directory: RealPath, now: number): Promise<number> {
  let removed = 0;
  for (const shard of await readdir(join(directory, 'objects'))) {
    const names = new Set(await readdir(join(directory, 'objects', shard)));
    for (const name of names) {
      if (names.has(`${name.slice(0, 64)}.json`)) continue;
      const path = join(directory, 'objects', shard, name);
      if ((await isOlder(path, now - UNPUBLISHED_MS)) && (await remove(path))) removed += 1;
    }
  }
  return removed;
}

/** By ctime: a rename into place counts, and nobody can set it back. False for what is no longer there. */
async function isOlder(path: string, time: number): Promise<boolean> {
  try {
    return (await stat(path)).ctimeMs < time;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** A folder, too: one that stayed would end each sweep before the rest. Another daemon may sweep at the same time. */
async function remove(path: string): Promise<boolean> {
  try {
    await rm(path, { recursive: true });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
