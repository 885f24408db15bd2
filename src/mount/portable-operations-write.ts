/**
 * Operations that change the source tree. A path served from a replacement refuses content
 * changes (or is demoted first); names, rights and owners are the master's in every mode.
 */

import { constants, fdatasync, fsync, ftruncate, write } from 'node:fs';
import { chmod, lchown, link, lstat, lutimes, mkdir, rename, rmdir, symlink, unlink } from 'node:fs/promises';
import { constants as os } from 'node:os';
import { promisify } from 'node:util';
import type { VirtualPath } from '../base/paths.js';
import { negativeErrno, Refusal } from './portable-errno.js';
import { admitWrite, closeFile, giveToFolderOwner, openFile } from './portable-open.js';
import { noteChange, type PortableState, realOf, realOfNew, resolvePath } from './portable-state.js';

const truncateFile = promisify(ftruncate);
const syncContent = promisify(fdatasync);
const syncAll = promisify(fsync);
/** Times travel in milliseconds and through a float of seconds: nearer than this is the same time. */
const SAME_TIME_MS = 1;

export function writeHandle(
  state: PortableState,
  id: number,
  from: Buffer,
  length: number,
  position: number,
  reply: (result: number) => void,
): void {
  state.counts.writes += 1;
  const handle = state.handles.get(id);
  if (handle === undefined) {
    reply(-os.errno.EBADF);
    return;
  }
  handle.written = true;
  write(handle.fd, from, 0, length, position, (error, count) => {
    reply(error === null ? count : (negativeErrno(error) ?? -os.errno.EIO));
  });
}

export async function syncHandle(state: PortableState, id: number, dataOnly: boolean): Promise<void> {
  const handle = state.handles.get(id);
  if (handle !== undefined) await (dataOnly ? syncContent(handle.fd) : syncAll(handle.fd));
}

export async function truncateHandle(state: PortableState, id: number, size: number): Promise<void> {
  const handle = state.handles.get(id);
  if (handle === undefined) throw new Refusal('EBADF', `no open handle ${id}`);
  handle.written = true;
  await truncateFile(handle.fd, size);
}

export async function truncatePath(state: PortableState, path: VirtualPath, size: number): Promise<void> {
  const resolved = await resolvePath(state, path);
  admitWrite(state, path, resolved);
  const fd = await openFile(resolved.real, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    await truncateFile(fd, size);
  } finally {
    await closeFile(fd);
  }
  noteChange(state, path);
}

/**
 * Setting a swappable file to the times it shows already is how a flip wakes watchers: the source
 * is left alone, whose nanoseconds the guard compares. Of a replaced file no time is ever set.
 */
export async function setTimes(
  state: PortableState,
  path: VirtualPath,
  atimeMs: number,
  mtimeMs: number,
): Promise<void> {
  const { choice, entry, master, real } = await resolvePath(state, path);
  if (typeof choice === 'object') return;
  if (entry !== undefined && Math.abs(Number(master.mtimeMs) - mtimeMs) <= SAME_TIME_MS) return;
  await lutimes(real, atimeMs / 1000, mtimeMs / 1000);
}

export async function setMode(state: PortableState, path: VirtualPath, mode: number): Promise<void> {
  const real = realOf(state, path);
  if ((await lstat(real)).isSymbolicLink()) throw new Refusal('EOPNOTSUPP', `${path} is a symbolic link`);
  await chmod(real, mode & 0o7777);
}

/** An id of 2^32 - 1 leaves it as it is. */
export async function setOwner(state: PortableState, path: VirtualPath, uid: number, gid: number): Promise<void> {
  await lchown(realOf(state, path), uid === 0xffff_ffff ? -1 : uid, gid === 0xffff_ffff ? -1 : gid);
}

/** Regular files only: Node cannot make devices, pipes or sockets. */
export async function makeNode(state: PortableState, path: VirtualPath, mode: number): Promise<void> {
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Refusal('EPERM', `${path} would be a special file`);
  const real = realOfNew(state, path);
  const fd = await openFile(
    real,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    mode,
  );
  await closeFile(fd);
  await chmod(real, mode & 0o7777);
  await giveToFolderOwner(state, real);
  noteChange(state, path);
}

export async function makeFolder(state: PortableState, path: VirtualPath, mode: number): Promise<void> {
  const real = realOfNew(state, path);
  await mkdir(real, { mode });
  await chmod(real, mode & 0o7777);
  await giveToFolderOwner(state, real);
  noteChange(state, path);
}

export async function makeSymlink(state: PortableState, target: string, path: VirtualPath): Promise<void> {
  const real = realOfNew(state, path);
  await symlink(target, real);
  await giveToFolderOwner(state, real);
  noteChange(state, path);
}

export async function makeLink(state: PortableState, existing: VirtualPath, path: VirtualPath): Promise<void> {
  await link(realOf(state, existing), realOfNew(state, path));
  noteChange(state, path);
}

export async function removeFile(state: PortableState, path: VirtualPath): Promise<void> {
  await unlink(realOf(state, path));
  state.known.forget(path);
  noteChange(state, path);
}

export async function removeFolder(state: PortableState, path: VirtualPath): Promise<void> {
  await rmdir(realOf(state, path));
  state.known.forget(path);
  noteChange(state, path);
}

export async function renamePath(state: PortableState, from: VirtualPath, to: VirtualPath): Promise<void> {
  if (state.handles.moveOf(from)?.heldName === to.slice(to.lastIndexOf('/') + 1)) {
    state.handles.completeMove(from);
    return;
  }
  await rename(realOf(state, from), realOfNew(state, to));
  state.handles.renamed(from, to);
  state.known.forget(from);
  noteChange(state, from);
  noteChange(state, to);
}
