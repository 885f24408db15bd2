/**
 * Operations that change nothing: attributes, folders, reads, links.
 * All file access goes to real paths of the source or the pool, asynchronously: a synchronous call
 * would stop every other request of the mount.
 */

import { type Dirent, constants as mode, read } from 'node:fs';
import { readdir, readlink, statfs } from 'node:fs/promises';
import { constants as os } from 'node:os';
import type { FuseStat, FuseStatfs } from 'fuse-native';
import type { VirtualPath } from '../base/paths.js';
import { attributesOf, ordinaryAttributes } from './portable-attributes.js';
import { negativeErrno, Refusal } from './portable-errno.js';
import { type PortableState, realOf, resolvePath } from './portable-state.js';

/** What libfuse itself shows for an entry whose inode number was not asked for. */
const UNKNOWN_INODE = 0xffff_ffff;
const LARGEST_WORD = 0xffff_ffff;

export async function getAttributes(state: PortableState, path: VirtualPath): Promise<FuseStat> {
  state.counts.lookups += 1;
  if (state.handles.isHeldName(path)) return heldAttributes(state, path);
  const resolved = await resolvePath(state, path);
  if (resolved.entry === undefined) return ordinaryAttributes(resolved.master);
  const mtimeNs = typeof resolved.choice === 'object' ? resolved.choice.mtimeNs : undefined;
  const { flippedAtMs } = resolved.entry;
  return attributesOf(resolved.master, { served: resolved.served, mtimeNs, flippedAtMs });
}

export async function getHandleAttributes(state: PortableState, id: number): Promise<FuseStat> {
  const handle = state.handles.get(id);
  if (handle === undefined) throw new Refusal('EBADF', `no open handle ${id}`);
  return handle.attributes();
}

function heldAttributes(state: PortableState, path: VirtualPath): Promise<FuseStat> {
  const handle = state.handles.heldAt(path);
  if (handle === undefined) throw new Refusal('ENOENT', `${path} exists only for open handles`);
  return handle.attributes();
}

/** READ: straight into libfuse's buffer; a callback, since this is the one hot operation. */
export function readHandle(
  state: PortableState,
  id: number,
  into: Buffer,
  length: number,
  position: number,
  reply: (result: number) => void,
): void {
  state.counts.reads += 1;
  const handle = state.handles.get(id);
  if (handle === undefined) {
    reply(-os.errno.EBADF);
    return;
  }
  fill(handle.fd, into, 0, length, position, reply);
}

/** A short reply means end of file to the kernel, so a short read is continued. */
function fill(
  fd: number,
  into: Buffer,
  done: number,
  length: number,
  position: number,
  reply: (result: number) => void,
): void {
  read(fd, into, done, length - done, position + done, (error, count) => {
    if (error !== null) reply(negativeErrno(error) ?? -os.errno.EIO);
    else if (count === 0 || done + count === length) reply(done + count);
    else fill(fd, into, done + count, length, position, reply);
  });
}

export async function listFolder(
  state: PortableState,
  path: VirtualPath,
): Promise<{ names: string[]; stats: FuseStat[] }> {
  const entries = await readdir(realOf(state, path), { withFileTypes: true });
  const hidden = path === '' ? state.options.hiddenRootNames : [];
  const names = ['.', '..'];
  const stats: FuseStat[] = [typed(mode.S_IFDIR), typed(mode.S_IFDIR)];
  for (const entry of entries) {
    if (hidden.includes(entry.name)) continue;
    names.push(entry.name);
    stats.push(typed(modeOf(entry)));
  }
  return { names, stats };
}

export async function readLinkTarget(state: PortableState, path: VirtualPath): Promise<string> {
  return readlink(realOf(state, path));
}

/** Block counts travel in 32 bits: a large volume is told in larger blocks. */
export async function volumeStatistics(state: PortableState): Promise<FuseStatfs> {
  const volume = await statfs(state.options.source);
  let scale = 1;
  while (volume.blocks / scale > LARGEST_WORD) scale *= 2;
  const bsize = volume.bsize * scale;
  const [blocks, bfree, bavail] = [volume.blocks, volume.bfree, volume.bavail].map((n) => Math.floor(n / scale));
  const files = Math.min(volume.files, LARGEST_WORD);
  const ffree = Math.min(volume.ffree, LARGEST_WORD);
  return {
    bsize,
    frsize: bsize,
    blocks: blocks ?? 0,
    bfree: bfree ?? 0,
    bavail: bavail ?? 0,
    files,
    ffree,
    favail: ffree,
    fsid: 0,
    flag: 0,
    namemax: 255,
  };
}

function typed(type: number): FuseStat {
  return { mode: type, ino: UNKNOWN_INODE };
}

function modeOf(entry: Dirent): number {
  if (entry.isFile()) return mode.S_IFREG;
  if (entry.isDirectory()) return mode.S_IFDIR;
  if (entry.isSymbolicLink()) return mode.S_IFLNK;
  if (entry.isFIFO()) return mode.S_IFIFO;
  if (entry.isSocket()) return mode.S_IFSOCK;
  return entry.isBlockDevice() ? mode.S_IFBLK : mode.S_IFCHR;
}
