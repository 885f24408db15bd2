/**
 * What the operations of one portable mount share, and how a path is resolved to the file that
 * serves it. Main thread only; a decision made before an `await` is checked again after it.
 */

import type { BigIntStats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type FileIdentity, identityKey } from '../base/ids.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import type { MountOptions } from './driver.js';
import { hasErrno, Refusal } from './portable-errno.js';
import type { EventQueue } from './portable-events.js';
import type { HandleBook } from './portable-handles.js';
import type { KnownPaths } from './portable-known.js';
import { type Choice, choose, type SwapTable, type TableEntry } from './portable-table.js';

export interface PortableState {
  readonly options: MountOptions;
  readonly table: SwapTable;
  readonly handles: HandleBook;
  readonly events: EventQueue;
  readonly known: KnownPaths;
  readonly counts: { lookups: number; opens: number; reads: number; writes: number };
  /** New names get the owner of their folder: the caller is unknown (see `limits`). */
  readonly inheritOwner: boolean;
}

export interface Resolved {
  readonly real: RealPath;
  readonly master: BigIntStats;
  readonly asset: FileIdentity;
  readonly key: string;
  readonly entry: TableEntry | undefined;
  readonly choice: Choice;
  /** Of the served file: the master's own, or the replacement's. */
  readonly served: BigIntStats;
}

/** The real path of a name in the mount; hidden names do not exist. */
export function realOf(state: PortableState, path: VirtualPath): RealPath {
  const first = path.split('/', 1)[0] ?? '';
  if (state.options.hiddenRootNames.includes(first)) throw new Refusal('ENOENT', `${first} is not part of the mount`);
  if (state.handles.isHeldName(path)) throw new Refusal('ENOENT', `${path} exists only for open handles`);
  return (path === '' ? state.options.source : `${state.options.source}/${path}`) as RealPath;
}

/** The real path of a name about to be made: hidden ones are not for the making. */
export function realOfNew(state: PortableState, path: VirtualPath): RealPath {
  if (state.options.hiddenRootNames.includes(path)) throw new Refusal('EPERM', `${path} is a reserved name`);
  return realOf(state, path);
}

/** The entry that counts for a path now; while its node is being moved aside, the one before. */
export function entryOf(state: PortableState, path: VirtualPath, key: string): TableEntry | undefined {
  const move = state.handles.moveOf(path);
  return move === undefined ? state.table.get(key) : move.before;
}

export async function resolvePath(state: PortableState, path: VirtualPath): Promise<Resolved> {
  const real = realOf(state, path);
  const master = await lstat(real, { bigint: true });
  const asset = { dev: master.dev, ino: master.ino };
  const key = identityKey(asset);
  const base = { real, master, asset, key };
  if (!master.isFile()) return { ...base, entry: undefined, choice: 'master', served: master };
  const entry = entryOf(state, path, key);
  const { choice, fits } = choose(entry, master);
  state.known.note(path, key);
  const replacement = choice === 'master' || choice === 'deny' ? undefined : await statReplacement(choice.replacement);
  const isMissing = typeof choice === 'object' && replacement === undefined;
  if (entry !== undefined) noteFit(state, path, entry, fits && !isMissing);
  if (replacement !== undefined) return { ...base, entry, choice, served: replacement };
  return { ...base, entry, choice: isMissing ? 'master' : choice, served: master };
}

/** Reports a change of the tree; libfuse's own names for removed open files are nobody's business. */
export function noteChange(state: PortableState, path: VirtualPath): void {
  if (!basename(path).startsWith('.fuse_hidden')) state.events.emit({ kind: 'changed', path });
}

/** A replacement that is gone from the pool must not take the path with it: the master is served. */
async function statReplacement(path: RealPath): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function noteFit(state: PortableState, path: VirtualPath, entry: TableEntry, fits: boolean): void {
  if (!fits && !entry.stale) state.events.emit({ kind: 'stale', path, asset: entry.asset });
  entry.stale = !fits;
}
