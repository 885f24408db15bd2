/**
 * OPEN, CREATE and RELEASE: a handle is pinned here to one variant, by a file descriptor of its own.
 */

import type { BigIntStats } from 'node:fs';
import { close, constants, fchmod, fstat, open } from 'node:fs';
import { lchown, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { FuseStat } from 'fuse-native';
import { identityKey } from '../base/ids.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import { attributesOf } from './portable-attributes.js';
import { Refusal } from './portable-errno.js';
import type { Handle } from './portable-handles.js';
import { entryOf, noteChange, type PortableState, type Resolved, realOfNew, resolvePath } from './portable-state.js';

export const openFile = promisify(open);
export const closeFile = promisify(close);
const changeMode = promisify(fchmod);
const statFile = (fd: number): Promise<BigIntStats> =>
  new Promise((done, fail) => fstat(fd, { bigint: true }, (error, stats) => (error ? fail(error) : done(stats))));

const ACCESS_MODE = constants.O_WRONLY | constants.O_RDWR;
/** Position and alignment are the kernel's affair, so O_APPEND and O_DIRECT are not passed on. */
const KEPT_FLAGS = ACCESS_MODE | constants.O_SYNC | constants.O_DSYNC;

/** Bounds the retries when flips keep overtaking an open. */
const MOST_TRIES = 16;

export async function openHandle(state: PortableState, path: VirtualPath, flags: number): Promise<number> {
  state.counts.opens += 1;
  if (state.handles.isHeldName(path)) throw new Refusal('ESTALE', `${path} was flipped during this open`);
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const handle = await tryOpen(state, path, flags);
    if (handle !== undefined) return handle.id;
  }
  throw new Refusal('EAGAIN', `${path} was flipped ${MOST_TRIES} times during one open`);
}

export async function createHandle(state: PortableState, path: VirtualPath, mode: number): Promise<number> {
  state.counts.opens += 1;
  const real = realOfNew(state, path);
  const fd = await openFile(real, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, mode);
  try {
    // The kernel has applied the caller's umask already; the daemon's own must not come on top.
    await changeMode(fd, mode & 0o7777);
    await giveToFolderOwner(state, real);
    const master = await statFile(fd);
    const handle = registerMaster(state, path, fd, master, true, false);
    handle.written = true;
    noteChange(state, path);
    return handle.id;
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

export async function releaseHandle(state: PortableState, id: number): Promise<void> {
  const handle = state.handles.get(id);
  if (handle === undefined) return;
  const isLast = state.handles.remove(handle);
  const isSwappable = handle.swappable || state.table.get(handle.key) !== undefined;
  if (handle.written) noteChange(state, handle.path);
  if (isLast && isSwappable) state.events.emit({ kind: 'idle', path: handle.path, asset: handle.asset });
  await closeFile(handle.fd);
}

/** A name made by a daemon that runs as root belongs to whom its folder belongs. */
export async function giveToFolderOwner(state: PortableState, real: RealPath): Promise<void> {
  if (!state.inheritOwner) return;
  const folder = await lstat(dirname(real));
  await lchown(real, folder.uid, folder.gid);
}

/** Refuses a write to a replaced file, or drops the file to its master (`writes=demote`). */
export function admitWrite(state: PortableState, path: VirtualPath, resolved: Resolved): void {
  if (typeof resolved.choice !== 'object' || resolved.entry === undefined) return;
  const asset = resolved.asset;
  if (state.options.writes === 'deny') {
    state.events.emit({ kind: 'write-refused', path, asset, pid: 0 });
    throw new Refusal('EROFS', `${path} is served from a replacement`);
  }
  resolved.entry.demoted = true;
  state.events.emit({ kind: 'demoted', path, asset, pid: 0 });
}

/** One attempt; undefined when a flip came in between and the decision must be made again. */
async function tryOpen(state: PortableState, path: VirtualPath, flags: number): Promise<Handle | undefined> {
  const resolved = await resolvePath(state, path);
  const access = flags & ACCESS_MODE;
  if (resolved.choice === 'deny' && access !== constants.O_WRONLY) {
    throw new Refusal('EIO', `${path} has no replacement and its master is denied`);
  }
  if (access !== 0 && typeof resolved.choice === 'object') {
    admitWrite(state, path, resolved);
    return undefined;
  }
  if (typeof resolved.choice !== 'object') return openMaster(state, path, resolved, flags);
  const fd = await openFile(resolved.choice.replacement, constants.O_RDONLY);
  const handle = isCurrent(state, path, resolved) ? registerReplacement(state, path, fd, resolved) : undefined;
  if (handle === undefined) await closeFile(fd);
  return handle;
}

async function openMaster(
  state: PortableState,
  path: VirtualPath,
  resolved: Resolved,
  flags: number,
): Promise<Handle | undefined> {
  const fd = await openFile(resolved.real, (flags & KEPT_FLAGS) | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const master = await statFile(fd);
    const isSame = identityKey({ dev: master.dev, ino: master.ino }) === resolved.key;
    if (isSame && isCurrent(state, path, resolved)) {
      return registerMaster(state, path, fd, master, (flags & ACCESS_MODE) !== 0, resolved.entry !== undefined);
    }
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
  await closeFile(fd);
  return undefined;
}

function isCurrent(state: PortableState, path: VirtualPath, resolved: Resolved): boolean {
  const entry = entryOf(state, path, resolved.key);
  return entry === resolved.entry && (entry?.demoted !== true || resolved.choice === 'master');
}

function registerMaster(
  state: PortableState,
  path: VirtualPath,
  fd: number,
  master: BigIntStats,
  writable: boolean,
  swappable: boolean,
): Handle {
  const asset = { dev: master.dev, ino: master.ino };
  const key = identityKey(asset);
  const attributes = async (): Promise<FuseStat> => {
    const now = await statFile(fd);
    return attributesOf(now, { served: now, mtimeNs: undefined, flippedAtMs: state.table.get(key)?.flippedAtMs ?? 0 });
  };
  const pinned = { fd, key, asset, variant: 'master', servedPath: '', writable, swappable, attributes, path } as const;
  return announce(state, state.handles.add({ ...pinned, sinceMs: Date.now() }));
}

function registerReplacement(state: PortableState, path: VirtualPath, fd: number, resolved: Resolved): Handle {
  const { key, asset, master, choice, entry } = resolved;
  if (typeof choice !== 'object') throw new Error(`invariant violated: ${path} is not served from a replacement`);
  // The master's rights as of OPEN: it may be gone by the time the held handle is asked.
  const attributes = async (): Promise<FuseStat> =>
    attributesOf(master, { served: await statFile(fd), mtimeNs: choice.mtimeNs, flippedAtMs: entry?.flippedAtMs ?? 0 });
  const pinned = { fd, key, asset, variant: 'replacement', servedPath: choice.replacement, path } as const;
  const handle = { ...pinned, writable: false, swappable: true, attributes, sinceMs: Date.now() };
  return announce(state, state.handles.add(handle));
}

function announce(state: PortableState, handle: Handle): Handle {
  if (handle.swappable) {
    const { path, asset, variant } = handle;
    state.events.emit({ kind: 'opened', path, asset, variant, pid: 0 });
  }
  return handle;
}
