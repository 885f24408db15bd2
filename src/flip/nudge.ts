/**
 * Wakes those who watch files with inotify (Kdenlive, Samba, file managers).
 *
 * The kernel raises inotify events only for what goes through the mount, not for the
 * invalidations of a commit. So each changed file that somebody has looked up gets an
 * attribute change through the mount that changes nothing: its own permissions again.
 * Times would do as well, but Node hands them over as floats, and a master whose
 * nanoseconds were rounded would no longer fit its proxy.
 */

import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RealPath, VirtualPath } from '../base/paths.js';
import { onOwnMount } from './own-mount.js';

/** A watcher of thousands of files re-reads its folders anyway; the flip is not held up for more. */
export const MAX_NUDGES = 5000;
const TIMEOUT_MS = 5000;
const PERMISSIONS = 0o7777;

/** Returns how many files were nudged. A file that is gone or is not ours is passed over. */
export async function nudge(
  mountPoint: RealPath,
  known: readonly VirtualPath[],
  onProblem: (error: unknown) => void,
): Promise<number> {
  let nudged = 0;
  const touch = async (path: VirtualPath) => {
    try {
      const file = join(mountPoint, path);
      await chmod(file, (await stat(file)).mode & PERMISSIONS);
      nudged += 1;
    } catch (error) {
      onProblem(error);
    }
  };
  try {
    await onOwnMount(known.slice(0, MAX_NUDGES), touch, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    onProblem(error);
  }
  return nudged;
}
