/**
 * Wakes those who watch files with inotify (Kdenlive, Samba, file managers).
 *
 * The kernel raises inotify events only for what goes through the mount, not for the
 * invalidations of a commit. So each changed file that somebody has looked up has its
 * times set, through the mount, to what they are. For files with a table entry both
 * drivers answer that without touching the master; other files must not be nudged,
 * since Node hands times over as floats and would round their nanoseconds.
 */

import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { RealPath, VirtualPath } from '../base/paths.js';
import { onOwnMount } from './own-mount.js';

/** Who watches more files re-reads whole folders anyway; the flip is not held up for them. */
export const MAX_NUDGES = 5000;
const TIMEOUT_MS = 5000;

/** Returns how many files were nudged. A file that is gone or is not ours is passed over. */
export async function nudge(
  mountPoint: RealPath,
  paths: readonly VirtualPath[],
  onProblem: (error: unknown) => void,
): Promise<number> {
  let nudged = 0;
  const touch = async (path: VirtualPath) => {
    try {
      await setTimesAgain(join(mountPoint, path));
      nudged += 1;
    } catch (error) {
      onProblem(error);
    }
  };
  try {
    await onOwnMount(paths.slice(0, MAX_NUDGES), touch, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    onProblem(error);
  }
  return nudged;
}

async function setTimesAgain(file: string): Promise<void> {
  const { atimeNs, mtimeNs } = await stat(file, { bigint: true });
  await utimes(file, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9);
}
