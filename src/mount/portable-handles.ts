/**
 * Open handles, and the names under which they are held after a flip.
 *
 * A handle owns a file descriptor of its own, so its bytes stay what they were at OPEN. Its size
 * does not follow from that: the kernel asks for the attributes of an open file without saying
 * which handle it means, and libfuse answers by path. So a flip moves the *node* of the open
 * handles to a name that exists only for them (`.proxyfs-held-...`), and the old name gets a new
 * node at its next lookup, like after a rename over it. Main thread only.
 */

import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import type { FuseStat } from 'fuse-native';
import type { FileIdentity } from '../base/ids.js';
import { isAtOrBelow, type VirtualPath } from '../base/paths.js';
import type { TableEntry } from './portable-table.js';

export interface Handle {
  readonly id: number;
  readonly fd: number;
  readonly key: string;
  readonly asset: FileIdentity;
  readonly variant: 'master' | 'replacement';
  /** The path of the served file, or empty for the master: compared to see whether it is outdated. */
  readonly servedPath: string;
  readonly writable: boolean;
  readonly sinceMs: number;
  /** Whether the table knew the file at OPEN. */
  readonly swappable: boolean;
  /** Attributes as of now, from the handle's own files. */
  readonly attributes: () => Promise<FuseStat>;
  path: VirtualPath;
  heldAs: string | undefined;
  /** Content was written, cut or made through this handle. */
  written: boolean;
}

/** A flip under way on a path with open handles: until the move, the path serves what it did. */
export interface Move {
  readonly before: TableEntry | undefined;
  readonly heldName: string;
}

export class HandleBook {
  readonly #handles = new Map<number, Handle>();
  readonly #moves = new Map<VirtualPath, Move>();
  readonly #prefix = `.proxyfs-held-${randomBytes(6).toString('hex')}-`;
  #nextId = 1;
  #nextHeld = 1;

  get size(): number {
    return this.#handles.size;
  }

  all(): readonly Handle[] {
    return [...this.#handles.values()];
  }

  get(id: number): Handle | undefined {
    return this.#handles.get(id);
  }

  add(handle: Omit<Handle, 'id' | 'heldAs' | 'written'>): Handle {
    const added: Handle = { ...handle, id: this.#freeId(), heldAs: undefined, written: false };
    this.#handles.set(added.id, added);
    return added;
  }

  /** Forgets a handle; true when it was the last one on its asset. */
  remove(handle: Handle): boolean {
    this.#handles.delete(handle.id);
    return !this.isOpen(handle.key);
  }

  isOpen(key: string): boolean {
    for (const handle of this.#handles.values()) if (handle.key === key) return true;
    return false;
  }

  openKeys(): ReadonlySet<string> {
    return new Set([...this.#handles.values()].map((handle) => handle.key));
  }

  /** Announces that the nodes of these assets are to be moved aside; returns their paths. */
  beginMoves(before: ReadonlyMap<string, TableEntry | undefined>): VirtualPath[] {
    const paths = new Set<VirtualPath>();
    for (const handle of this.#handles.values()) {
      if (handle.heldAs !== undefined || !before.has(handle.key) || paths.has(handle.path)) continue;
      paths.add(handle.path);
      this.#moves.set(handle.path, {
        before: before.get(handle.key),
        heldName: `${this.#prefix}${this.#nextHeld++}`,
      });
    }
    return [...paths];
  }

  moveOf(path: VirtualPath): Move | undefined {
    return this.#moves.get(path);
  }

  /** The kernel has moved the node: from here on `path` serves what the table says. */
  completeMove(path: VirtualPath): void {
    const move = this.#moves.get(path);
    if (move === undefined) return;
    this.#moves.delete(path);
    for (const handle of this.#handles.values()) {
      if (handle.path === path && handle.heldAs === undefined) handle.heldAs = move.heldName;
    }
  }

  abandonMove(path: VirtualPath): void {
    this.#moves.delete(path);
  }

  isHeldName(path: VirtualPath): boolean {
    return basename(path).startsWith(this.#prefix);
  }

  heldAt(path: VirtualPath): Handle | undefined {
    const name = basename(path);
    return this.all().find((handle) => handle.heldAs === name);
  }

  /** A rename through the mount takes the handles along, those of a whole folder too. */
  renamed(from: VirtualPath, to: VirtualPath): void {
    for (const handle of this.#handles.values()) {
      if (isAtOrBelow(handle.path, from)) handle.path = `${to}${handle.path.slice(from.length)}` as VirtualPath;
    }
  }

  #freeId(): number {
    // fuse-native takes ids as positive 32-bit integers and reads 0 as none.
    do this.#nextId = this.#nextId >= 0x7fff_fffe ? 1 : this.#nextId + 1;
    while (this.#handles.has(this.#nextId));
    return this.#nextId;
  }
}
