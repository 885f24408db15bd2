/**
 * Walks a source tree on the real file system and yields what a scan must know of it.
 *
 * Promises: follows no symbolic link, enters no mounted proxyfs volume, and keeps going
 * past whatever it cannot read or name, which it yields with a reason. Holds one open
 * folder, the folders still to visit and one batch of names; never a whole listing. Between two
 * batches it holds no name that it has looked at.
 */

import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import { withoutLinkedFolders } from '../base/linked-folder.js';
import { type RealPath, ROOT, realPathOf, type VirtualPath } from '../base/paths.js';
import type { FoundFile } from '../catalog/asset.js';
import { lstatAll } from '../mount/lstat-all.js';
import { isProxyfs, parseMountinfo, readMountinfo } from './mount-points.js';

export type WalkEntry =
  | { readonly kind: 'file'; readonly file: WalkedFile }
  /** A folder or file that is there but cannot be looked into: what lies at and below it is unknown, not gone. */
  | UnreadableEntry
  /** Left out on purpose; `name` is for people and may stand for bytes that are no text. */
  | { readonly kind: 'skipped'; readonly name: string; readonly reason: string };

export interface UnreadableEntry {
  readonly kind: 'unreadable';
  readonly path: VirtualPath;
  readonly reason: string;
  readonly errno: string;
}

/** A regular file as one lstat saw it. */
export interface WalkedFile extends FoundFile {
  readonly ctimeNs: bigint;
}

export interface WalkOptions {
  /** Names in the root of the source that are never entered (`.proxyfs`). */
  readonly hiddenRootNames: readonly string[];
  /** Decides by name alone which files are worth an lstat. */
  readonly wants: (name: string) => boolean;
  /** Called before a folder is listed. */
  readonly onFolder?: ((folder: VirtualPath) => void) | undefined;
  /** The kernel's table of mounts (/proc/self/mountinfo); default: as it is now. */
  readonly mountinfo?: string | undefined;
  /** Awaited between two batches: all that was looked at has been yielded. */
  readonly onRest?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BATCH = 128;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Yields what lies at or below `prefix`; nothing at all when there is no such path. */
export async function* walk(source: RealPath, prefix: VirtualPath, options: WalkOptions): AsyncGenerator<WalkEntry> {
  if (isHidden(prefix, options) || (await withoutLinkedFolders(source, prefix)) !== prefix) return;
  const [start] = await look(source, [prefix], options);
  if (start === undefined) return;
  if (start !== 'folder') return yield start;
  const mounts = await mountedVolumes(options);
  const folders: VirtualPath[] = [prefix];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    options.signal?.throwIfAborted();
    if (mounts.has(realPathOf(source, folder))) {
      yield { kind: 'skipped', name: folder, reason: 'it is the mount point of a proxyfs volume' };
    } else {
      options.onFolder?.(folder);
      yield* walkFolder(source, folder, options, folders);
    }
  }
}

/**
 * Comes by every folder at and below `prefix` without a look at any file: much faster than a walk,
 * which may take minutes until it comes to the last of them. What cannot be read is passed over.
 */
export async function walkFolders(
  source: RealPath,
  prefix: VirtualPath,
  options: Omit<WalkOptions, 'wants'>,
): Promise<void> {
  if ((await withoutLinkedFolders(source, prefix)) !== prefix || !(await isFolder(realPathOf(source, prefix)))) return;
  const mounts = await mountedVolumes(options);
  const folders: VirtualPath[] = [prefix];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    options.signal?.throwIfAborted();
    if (isHidden(folder, options) || mounts.has(realPathOf(source, folder))) continue;
    options.onFolder?.(folder);
    try {
      for await (const entry of await openFolder(realPathOf(source, folder))) {
        const name = entry.isDirectory() ? decodeName(entry.name) : undefined;
        if (name !== undefined) folders.push(joinVirtual(folder, name));
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
    await options.onRest?.();
  }
}

async function isFolder(path: RealPath): Promise<boolean> {
  return await lstat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}

/** Where volumes of proxyfs are mounted. */
async function mountedVolumes({ mountinfo }: Pick<WalkOptions, 'mountinfo'>): Promise<ReadonlySet<string>> {
  const table = parseMountinfo(mountinfo ?? (await readMountinfo()));
  return new Set(table.filter(isProxyfs).map(({ point }) => point));
}

async function* walkFolder(
  source: RealPath,
  folder: VirtualPath,
  options: WalkOptions,
  folders: VirtualPath[],
): AsyncGenerator<WalkEntry> {
  let batch: VirtualPath[] = [];
  try {
    for await (const entry of await openFolder(realPathOf(source, folder))) {
      const name = decodeName(entry.name);
      if (name === undefined) {
        yield { kind: 'skipped', name: displayName(folder, entry.name), reason: 'its name is not valid UTF-8' };
        continue;
      }
      const path = joinVirtual(folder, name);
      if (isHidden(path, options)) continue;
      if (entry.isDirectory()) folders.push(path);
      else if (isCandidate(entry, name, options)) batch.push(path);
      if (batch.length < BATCH) continue;
      await options.onRest?.();
      yield* lookAtAll(source, batch, options, folders);
      batch = [];
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // A folder that went away while it was visited holds nothing; any other failure hides what is there.
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR')
      yield { kind: 'unreadable', path: folder, reason: reasonOf(error), errno };
    else if (folder === ROOT) throw error;
  }
  await options.onRest?.();
  yield* lookAtAll(source, batch, options, folders);
}

async function* lookAtAll(
  source: RealPath,
  paths: readonly VirtualPath[],
  options: WalkOptions,
  folders: VirtualPath[],
): AsyncGenerator<WalkEntry> {
  const seen = await look(source, paths, options);
  for (const [index, entry] of seen.entries()) {
    if (entry !== 'folder' && entry !== undefined) yield entry;
    const path = paths[index];
    if (entry === 'folder' && path !== undefined) folders.push(path);
  }
}

/** In the order of the paths; undefined: gone, or of no interest (a link, a device, a name nobody wants). */
async function look(
  source: RealPath,
  paths: readonly VirtualPath[],
  { wants }: WalkOptions,
): Promise<readonly (WalkEntry | 'folder' | undefined)[]> {
  const stats = await lstatAll(paths.map((path) => realPathOf(source, path)));
  return paths.map((path, index) => {
    const stat = stats[index];
    if (stat instanceof Error) return unreadable(path, stat);
    if (stat?.kind === 'folder') return 'folder';
    if (stat?.kind !== 'file' || !wants(path.slice(path.lastIndexOf('/') + 1))) return undefined;
    const { ctimeNs, dev, ino, mtimeNs, size } = stat;
    return { kind: 'file', file: { path, identity: { dev, ino }, master: { size, mtimeNs }, ctimeNs } };
  });
}

function unreadable(path: VirtualPath, error: Error): UnreadableEntry | undefined {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
  return { kind: 'unreadable', path, reason: reasonOf(error), errno };
}

type RawDirent = Omit<Dirent, 'name'> & { readonly name: Buffer };

/** Node hands out raw names with the encoding `buffer`, which the types of opendir leave out. */
async function openFolder(path: RealPath): Promise<AsyncIterable<RawDirent>> {
  const directory = await opendir(path, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  return directory as unknown as AsyncIterable<RawDirent>;
}

/** Some file systems do not tell the type of an entry: then only lstat knows. */
function isCandidate(entry: RawDirent, name: string, options: WalkOptions): boolean {
  const isTold =
    entry.isFile() || entry.isSymbolicLink() || entry.isFIFO() || entry.isSocket() || entry.isBlockDevice();
  if (!isTold && !entry.isCharacterDevice()) return true;
  return entry.isFile() && options.wants(name);
}

function isHidden(path: VirtualPath, options: Pick<WalkOptions, 'hiddenRootNames'>): boolean {
  return options.hiddenRootNames.some((name) => path === name || path.startsWith(`${name}/`));
}

function decodeName(name: Buffer): string | undefined {
  try {
    return utf8.decode(name);
  } catch {
    return undefined;
  }
}

function displayName(folder: VirtualPath, name: Buffer): string {
  return joinVirtual(folder, name.toString('utf8'));
}

const joinVirtual = (folder: VirtualPath, name: string): VirtualPath =>
  (folder === ROOT ? name : `${folder}/${name}`) as VirtualPath;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
