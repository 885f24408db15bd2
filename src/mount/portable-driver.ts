/**
 * The portable driver: the same file system on fuse-native, for machines where the addon cannot
 * be built or loaded.
 *
 * JavaScript answers every request on the main thread (fuse-native crashes in a worker), so
 * whatever blocks the daemon blocks the mount. Direct I/O and time-outs of 0 keep the kernel from
 * remembering anything, which stands in for the notifications libfuse 2.9 does not offer here.
 */

import { readdir } from 'node:fs/promises';
import type FuseClass from 'fuse-native';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { isAtOrBelow, type RealPath, type VirtualPath } from '../base/paths.js';
import type { MountDriver, MountedVolume, MountInfo, MountOptions } from './driver.js';
import { findDeviceObstacle } from './fuse-device.js';
import { EventQueue } from './portable-events.js';
import { HandleBook } from './portable-handles.js';
import { KnownPaths } from './portable-known.js';
import { createOperations } from './portable-operations.js';
import { createFuseSession, type FuseSession } from './portable-repairs.js';
import type { PortableState } from './portable-state.js';
import { SwapTable } from './portable-table.js';
import { abandonMount, isMounted, watchMount } from './portable-unmount.js';
import { PortableVolume } from './portable-volume.js';

export function createPortableDriver(): MountDriver {
  return { kind: 'portable', mount: mountPortable };
}

/** Why the portable driver cannot run here, or undefined when it can. */
export async function findPortableObstacle(): Promise<string | undefined> {
  try {
    await loadFuse();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  // Of another user too: the setuid fusermount opens the device with that user's rights.
  return process.platform === 'linux' ? findDeviceObstacle() : undefined;
}

async function mountPortable(options: MountOptions): Promise<MountedVolume> {
  await checkMountPoint(options);
  const Fuse = await loadFuse();
  const state = createState(options);
  const session = createFuseSession(Fuse, options.mountPoint, createOperations(state), mountOptions(options));
  await startSession(session, options);
  return new PortableVolume(state, describeMount(options), untilGone(options.mountPoint, session));
}

function createState(options: MountOptions): PortableState {
  return {
    options,
    table: new SwapTable(),
    handles: new HandleBook(),
    events: new EventQueue(),
    known: new KnownPaths(),
    counts: { lookups: 0, opens: 0, reads: 0, writes: 0 },
    inheritOwner: process.getuid?.() === 0 && options.allowOther,
  };
}

async function loadFuse(): Promise<typeof FuseClass> {
  try {
    return (await import('fuse-native')).default;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProxyfsError('driver/unavailable', `fuse-native cannot be loaded: ${reason}`, { cause: error });
  }
}

async function checkMountPoint({ source, mountPoint }: MountOptions): Promise<void> {
  const from = source.slice(1) as VirtualPath;
  const at = mountPoint.slice(1) as VirtualPath;
  if (isAtOrBelow(at, from) || isAtOrBelow(from, at)) {
    const reason = 'the portable driver reads the source by its path, which the mount would cover';
    throw new ProxyfsError('mountpoint/inside-source', `'${mountPoint}' and '${source}' overlap: ${reason}`);
  }
  const names = await readdir(mountPoint).catch((error: unknown) => {
    const reason =
      errnoOf(error) === 'ENOENT' ? 'does not exist; create it first' : `cannot be read (${String(error)})`;
    throw new ProxyfsError('mountpoint/missing', `mount point '${mountPoint}' ${reason}`, { cause: error });
  });
  if (names.length > 0) {
    throw new ProxyfsError('mountpoint/not-empty', `mount point '${mountPoint}' is not empty; use an empty folder`);
  }
}

/**
 * Others than the daemon's own user are checked by the kernel, for whom that costs a request for
 * each folder of a path; the daemon's own user is checked by the source.
 *
 * `max_read` stays libfuse's 128 KiB; a comma or backslash in the name is escaped for its parser.
 */
function mountOptions({ fsName, allowOther }: MountOptions): string[] {
  const always = ['subtype=proxyfs', 'direct_io', 'use_ino', 'big_writes'];
  const timeouts = ['attr_timeout=0', 'entry_timeout=0', 'negative_timeout=0'];
  const name = `fsname=${fsName.replace(/[\\,]/g, '\\$&')}`;
  return [name, ...always, ...timeouts, ...(allowOther ? ['allow_other', 'default_permissions'] : [])];
}

async function startSession(session: FuseSession, { mountPoint }: MountOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      session.mount((error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = 'is /dev/fuse usable, and fusermount installed (package fuse3) for other users than root?';
    const message = `mounting at '${mountPoint}' failed in libfuse (${reason}): ${advice}`;
    throw new ProxyfsError('fuse/mount-failed', message, { cause: error });
  }
  if (!(await isMounted(mountPoint))) {
    throw new ProxyfsError('fuse/mount-failed', `libfuse reported success, yet '${mountPoint}' is not mounted`);
  }
}

/** Resolves when the mount is gone; until then, an exit of the process takes it down. */
function untilGone(mountPoint: RealPath, session: FuseSession): Promise<void> {
  const abandon = (): void => abandonMount(mountPoint);
  process.once('exit', abandon);
  return new Promise((resolve) => {
    watchMount(mountPoint, () => {
      process.removeListener('exit', abandon);
      session.unmount(() => resolve());
    });
  });
}

function describeMount(options: MountOptions): MountInfo {
  const owner =
    process.getuid?.() === 0 && options.allowOther
      ? 'New files and folders get the owner of the folder they are made in: the caller is not known.'
      : 'New files and folders belong to the user of the daemon.';
  return {
    protocol: '2.9 (libfuse)',
    passthrough: false,
    incEpoch: false,
    via: 'libfuse',
    limits: [...LIMITS, owner],
  };
}

const LIMITS: readonly string[] = [
  'Portable driver: JavaScript answers every request on the main thread; reads wait for it (about 0.5 to 0.9 GB/s).',
  'No kernel passthrough and no kernel page cache (direct I/O): shared memory maps are refused with ENODEV, private ones work.',
  'Flips are announced to the kernel only for open files, which move to a name of their own (.proxyfs-held-...); nothing else is cached.',
  'A handle that was open on a replacement when its master changed or was written reports the size of the master.',
  'Who opened a file is read from /proc when handles are listed; events carry process 0.',
  'Extended attributes of the source are not shown; device files, pipes and sockets cannot be made.',
  'Times are exact to the millisecond, inode numbers to 32 bits, and names must be UTF-8.',
  'Removing or overwriting a file that is open leaves a .fuse_hidden file in the source until it is closed.',
];
