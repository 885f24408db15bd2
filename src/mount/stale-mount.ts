/**
 * Mount points left behind by a daemon that was killed: the kernel answers ENOTCONN
 * to everything there until somebody detaches them.
 */

import { execFile } from 'node:child_process';
import { statfs, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { promisify } from 'node:util';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { findMount } from './mount-table.js';

const run = promisify(execFile);
/** More dead mounts than this on top of each other are somebody else's doing. */
const MOST_LAYERS = 16;

/** Whether `path` is a mount whose server is gone. Asked by statfs: a stat may be answered from the kernel's cache. */
export async function isStaleMount(path: string): Promise<boolean> {
  try {
    await statfs(path);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ENOTCONN';
  }
}

/** Detaches dead mounts from `path`, however many lie there; a living mount is never touched. */
export async function detachStale(path: string): Promise<void> {
  for (let layer = 0; layer < MOST_LAYERS; layer += 1) {
    if (!(await isStaleMount(path))) return;
    await detach(path);
  }
  throw new ProxyfsError('fuse/mount-failed', `'${path}' stays a dead mount point: unmount it with 'umount -l'`);
}

/**
 * Takes away the mount of a daemon that was killed and may still be dying: nothing is asked of it, and whoever
 * waits for it is let go.
 */
export async function cutOff(mountPoint: string): Promise<void> {
  const mount = await findMount(mountPoint);
  if (mount?.type !== 'fuse.proxyfs') return;
  await abortConnection(mount.device);
  await detach(mountPoint);
}

/** Detaching alone would leave those waiting who have asked. Where fusectl is not mounted, they wait for the death. */
async function abortConnection(device: string): Promise<void> {
  try {
    await writeFile(`/sys/fs/fuse/connections/${device.split(':')[1]}/abort`, '1');
  } catch (error) {
    if (!['ENOENT', 'EACCES', 'EROFS'].includes(errnoOf(error) ?? '')) throw error;
  }
}

async function detach(path: string): Promise<void> {
  const [program, args] =
    process.geteuid?.() === 0 ? ['umount', ['-l', '--', path]] : ['fusermount3', ['-u', '-z', '--', path]];
  try {
    await run(program, args);
  } catch (cause) {
    throw new ProxyfsError(
      'fuse/mount-failed',
      `'${path}' is a dead mount point and '${program}' could not detach it: run 'sudo umount -l ${path}'`,
      { cause },
    );
  }
}
