/**
 * Whether source and mount point are fit for each other, before anything is opened.
 *
 * Every refusal says what is wrong and what to do. A mount point that a killed daemon
 * left behind is cleared; one that somebody serves is left alone.
 */

import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, ProxyfsError } from '../src/base/error.js';
import { type RealPath, virtualPathBelow } from '../src/base/paths.js';
import { listRecords } from '../src/control/discovery.js';
import type { RuntimeRecord } from '../src/control/runtime-record.js';
import { findMount, findMountOfDevice, showsProject } from '../src/mount/mount-table.js';
import { detachStale } from '../src/mount/stale-mount.js';

export interface Place {
  readonly source: RealPath;
  readonly mountPoint: RealPath;
}

/** Both paths without symbolic links. Rejects with `source/*` or `mountpoint/*`. */
export async function checkPlace(sourcePath: string, mountPath: string): Promise<Place> {
  const source = await checkSource(sourcePath);
  const mountPoint = await resolveMountPoint(mountPath);
  if (virtualPathBelow(source, mountPoint) !== undefined) {
    throw new ProxyfsError(
      'mountpoint/inside-source',
      `the mount point ${mountPoint} lies in the source ${source}, so the project would contain itself: use a folder outside`,
    );
  }
  if (virtualPathBelow(mountPoint, source) !== undefined) {
    throw new ProxyfsError(
      'mountpoint/inside-source',
      `the source ${source} lies in the mount point ${mountPoint}, which would hide it: use another folder`,
    );
  }
  await checkMountPoint(mountPoint, source);
  return { source, mountPoint };
}

async function checkSource(path: string): Promise<RealPath> {
  try {
    const source = (await realpath(path)) as RealPath;
    const found = await stat(source);
    if (found.isDirectory()) {
      await readdir(source);
      await refuseOwnKind(source, found.dev);
      return source;
    }
  } catch (cause) {
    if (cause instanceof ProxyfsError) throw cause;
    const errno = errnoOf(cause);
    if (errno === 'EACCES' || errno === 'EPERM') {
      throw new ProxyfsError('system/permission', `the source ${path} cannot be read: ask for access to it`, { cause });
    }
    const wayOut = 'check the name, and that its volume is connected';
    throw new ProxyfsError('source/missing', `the source ${path} is not there (${errno}): ${wayOut}`, { cause });
  }
  throw new ProxyfsError(
    'source/not-a-directory',
    `the source ${path} is not a folder: name the folder of the project`,
  );
}

/** What a mount shows is proxies at times: taken for masters, they would get proxies of their own. */
async function refuseOwnKind(source: RealPath, dev: number): Promise<void> {
  const mount = await findMountOfDevice(dev);
  if (mount === undefined || !showsProject(mount)) return;
  const wayOut = 'name the folder of the masters, with a --state of its own if it is mounted already';
  throw new ProxyfsError(
    'request/invalid',
    `the source ${source} lies in the proxyfs mount ${mount.mountPoint}, whose clips may be proxies: ${wayOut}`,
  );
}

/**
 * Without symbolic links. The last component is asked for only when the rest is known:
 * a dead mount answers nothing else.
 */
async function resolveMountPoint(path: string): Promise<RealPath> {
  try {
    const place = join(await realpath(dirname(path)), basename(path));
    await detachStale(place);
    return (await realpath(place)) as RealPath;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw missing(path, error);
    throw error;
  }
}

async function checkMountPoint(path: RealPath, source: RealPath): Promise<void> {
  const mounted = await findMount(path);
  if (mounted?.type.startsWith('fuse') === true) throw await alreadyServed(path, source);
  const names = await namesIn(path);
  if (names.length === 0) return;
  throw new ProxyfsError(
    'mountpoint/not-empty',
    `the mount point ${path} is not empty (it contains '${names[0]}'): the mount would hide that, so use an empty folder`,
  );
}

async function alreadyServed(path: RealPath, source: RealPath): Promise<ProxyfsError> {
  const record = (await listRecords()).find((candidate) => candidate.mountPoint === path);
  if (record?.source === source) return alreadyMounted(record);
  const by = record === undefined ? 'another file system' : `the project ${record.source} (pid ${record.pid})`;
  return new ProxyfsError(
    'mountpoint/busy',
    `${path} is already the mount point of ${by}: unmount that first, or use another folder`,
  );
}

export function alreadyMounted({ source, mountPoint, pid }: RuntimeRecord): ProxyfsError {
  return new ProxyfsError(
    'project/already-mounted',
    `${source} is already mounted at ${mountPoint} (pid ${pid}): use it there, or end it with 'proxyfs unmount ${mountPoint}'`,
    { details: { source, mountPoint, pid } },
  );
}

async function namesIn(path: RealPath): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') throw missing(path, error);
    if (errno === 'ENOTDIR') {
      throw new ProxyfsError('mountpoint/missing', `the mount point ${path} is not a folder: use an empty folder`);
    }
    throw error;
  }
}

function missing(path: string, cause: unknown): ProxyfsError {
  const message = `the mount point ${path} does not exist: create it with 'mkdir -p ${path}'`;
  return new ProxyfsError('mountpoint/missing', message, { cause });
}
