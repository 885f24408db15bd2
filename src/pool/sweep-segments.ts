/**
 * Removes segments of proxies that nobody finished: a folder of `segments/` to which nothing was
 * written for a week. One that is worked on is written to every few minutes.
 */

import { rm } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { listSegmentFolders } from './segment-folders.js';

const LEFT_ALONE_MS = 7 * 24 * 3_600_000;

/** Returns how many folders were removed. */
export async function sweepSegments(pool: RealPath, now: number): Promise<number> {
  const left = (await listSegmentFolders(pool)).filter(({ at }) => at < now - LEFT_ALONE_MS);
  for (const { path } of left) await rm(path, { recursive: true, force: true });
  return left.length;
}
