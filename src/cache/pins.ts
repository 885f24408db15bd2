/**
 * Paths that somebody has pinned: what lies at or below them is never removed, future clips
 * included. A pinned file or folder that is renamed or moved within the project is found
 * again by its inode, and its pin goes with it.
 */

import { lstat } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import { type FileIdentity, identityKey } from '../base/ids.js';
import { parentOf, type RealPath, ROOT, realPathOf, type VirtualPath } from '../base/paths.js';
import type { CacheBook, Pin } from '../catalog/cache-book.js';

export interface PinsOptions {
  readonly book: CacheBook;
  readonly source: RealPath;
  /** All names of media files that are known. */
  readonly paths: () => Iterable<VirtualPath>;
}

export class Pins {
  readonly #options: PinsOptions;
  #pins: readonly Pin[];
  #paths: ReadonlySet<VirtualPath>;

  constructor(options: PinsOptions) {
    this.#options = options;
    this.#pins = options.book.pins();
    this.#paths = pathsOf(this.#pins);
  }

  list(): readonly VirtualPath[] {
    return [...this.#paths].sort();
  }

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  /** The pin that holds this path. */
  holding(path: VirtualPath): VirtualPath | undefined {
    if (this.#paths.size === 0) return undefined;
    for (let prefix = path; prefix !== ROOT; prefix = parentOf(prefix)) if (this.#paths.has(prefix)) return prefix;
    return this.#paths.has(ROOT) ? ROOT : undefined;
  }

  async pin(paths: readonly VirtualPath[], now: number): Promise<void> {
    const { book, source } = this.#options;
    const pins = paths.map(async (path) => ({ path, identity: await identityAt(source, path) }));
    book.pin(await Promise.all(pins), now);
    this.#read();
  }

  /** Returns those that were pinned. */
  unpin(paths: readonly VirtualPath[]): readonly VirtualPath[] {
    const gone = this.#options.book.unpin(paths);
    this.#read();
    return gone;
  }

  /** Looks after pins whose path is gone. Returns what moved. */
  async follow(): Promise<readonly { readonly from: VirtualPath; readonly to: VirtualPath }[]> {
    const { book, source } = this.#options;
    const lost = new Map<string, VirtualPath>();
    for (const { path, identity } of this.#pins) {
      if (identity !== undefined && (await identityAt(source, path)) === undefined)
        lost.set(identityKey(identity), path);
    }
    if (lost.size === 0) return [];
    const moves: { from: VirtualPath; to: VirtualPath }[] = [];
    for (const to of this.#places()) {
      const found = await identityAt(source, to);
      const from = found === undefined ? undefined : lost.get(identityKey(found));
      if (found === undefined || from === undefined) continue;
      lost.delete(identityKey(found));
      book.movePin(from, to);
      moves.push({ from, to });
      if (lost.size === 0) break;
    }
    if (moves.length > 0) this.#read();
    return moves;
  }

  /** Every known file, and every folder that has one below it. */
  #places(): ReadonlySet<VirtualPath> {
    const places = new Set<VirtualPath>();
    for (const path of this.#options.paths()) {
      for (let at = path; at !== ROOT && !places.has(at); at = parentOf(at)) places.add(at);
    }
    return places;
  }

  #read(): void {
    this.#pins = this.#options.book.pins();
    this.#paths = pathsOf(this.#pins);
  }
}

const pathsOf = (pins: readonly Pin[]): ReadonlySet<VirtualPath> => new Set(pins.map(({ path }) => path));

async function identityAt(source: RealPath, path: VirtualPath): Promise<FileIdentity | undefined> {
  try {
    const { dev, ino } = await lstat(realPathOf(source, path), { bigint: true });
    return { dev, ino };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw error;
  }
}
