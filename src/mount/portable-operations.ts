/**
 * The operations in the shape fuse-native calls them.
 *
 * Promise: every request is answered exactly once. An error of the system becomes its errno; a
 * mistake in this program becomes EIO for the caller and is then thrown where the process's own
 * crash handling sees it.
 */

import { constants } from 'node:os';
import type { FuseOperations, Reply } from 'fuse-native';
import type { VirtualPath } from '../base/paths.js';
import { negativeErrno } from './portable-errno.js';
import { createHandle, openHandle, releaseHandle } from './portable-open.js';
import * as reads from './portable-operations-read.js';
import * as writes from './portable-operations-write.js';
import type { PortableState } from './portable-state.js';
import { getVirtualXattr, listVirtualXattrs } from './portable-xattrs.js';

export function createOperations(state: PortableState): Partial<FuseOperations> {
  return { ...readOperations(state), ...writeOperations(state) };
}

/** No flush: writes reach the source at once, and without it the kernel saves a request at every close. */
function readOperations(state: PortableState): Partial<FuseOperations> {
  return {
    init: (reply) => reply(0),
    statfs: (_path, reply) => answer(reads.volumeStatistics(state), reply),
    getattr: (path, reply) => answer(reads.getAttributes(state, virtual(path)), reply),
    fgetattr: (_path, id, reply) => answer(reads.getHandleAttributes(state, id), reply),
    readdir: (path, reply) => {
      const listing = reads.listFolder(state, virtual(path));
      answer(listing, (result, value) => reply(result, value?.names, value?.stats));
    },
    readlink: (path, reply) => answer(reads.readLinkTarget(state, virtual(path)), reply),
    getxattr: (path, name, _position, reply) => answer(getVirtualXattr(state, virtual(path), name), reply),
    listxattr: (path, reply) => answer(listVirtualXattrs(state, virtual(path)), reply),
    open: (path, flags, reply) => answer(openHandle(state, virtual(path), flags), reply),
    read: (_path, id, into, length, position, reply) => reads.readHandle(state, id, into, length, position, reply),
    release: (_path, id, reply) => done(releaseHandle(state, id), reply),
  };
}

function writeOperations(state: PortableState): Partial<FuseOperations> {
  return {
    create: (path, mode, reply) => answer(createHandle(state, virtual(path), mode), reply),
    write: (_path, id, from, length, position, reply) => writes.writeHandle(state, id, from, length, position, reply),
    fsync: (_path, dataOnly, id, reply) => done(writes.syncHandle(state, id, dataOnly !== 0), reply),
    truncate: (path, size, reply) => done(writes.truncatePath(state, virtual(path), size), reply),
    ftruncate: (_path, id, size, reply) => done(writes.truncateHandle(state, id, size), reply),
    utimens: (path, atime, mtime, reply) => done(writes.setTimes(state, virtual(path), atime, mtime), reply),
    chmod: (path, mode, reply) => done(writes.setMode(state, virtual(path), mode), reply),
    chown: (path, uid, gid, reply) => done(writes.setOwner(state, virtual(path), uid, gid), reply),
    mknod: (path, mode, _device, reply) => done(writes.makeNode(state, virtual(path), mode), reply),
    mkdir: (path, mode, reply) => done(writes.makeFolder(state, virtual(path), mode), reply),
    symlink: (target, path, reply) => done(writes.makeSymlink(state, target, virtual(path)), reply),
    link: (from, to, reply) => done(writes.makeLink(state, virtual(from), virtual(to)), reply),
    unlink: (path, reply) => done(writes.removeFile(state, virtual(path)), reply),
    rmdir: (path, reply) => done(writes.removeFolder(state, virtual(path)), reply),
    rename: (from, to, reply) => done(writes.renamePath(state, virtual(from), virtual(to)), reply),
  };
}

function virtual(path: string): VirtualPath {
  return path.slice(1) as VirtualPath;
}

function answer<Value>(work: Promise<Value>, reply: (result: number, value?: Value) => void): void {
  work.then(
    (value) => reply(0, value),
    (thrown) => reply(errnoOrCrash(thrown)),
  );
}

function done(work: Promise<void>, reply: Reply): void {
  work.then(
    () => reply(0),
    (thrown) => reply(errnoOrCrash(thrown)),
  );
}

function errnoOrCrash(thrown: unknown): number {
  const errno = negativeErrno(thrown);
  if (errno !== undefined) return errno;
  setImmediate(() => {
    throw thrown;
  });
  return -constants.errno.EIO;
}
