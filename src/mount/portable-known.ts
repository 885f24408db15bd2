/** Paths under which the kernel has looked up a regular file: those worth waking watchers for. */

import { isAtOrBelow, type VirtualPath } from '../base/paths.js';

export class KnownPaths {
  readonly #keyOf = new Map<VirtualPath, string>();
  readonly #pathsOf = new Map<string, Set<VirtualPath>>();

  get size(): number {
    return this.#keyOf.size;
  }

  note(path: VirtualPath, key: string): void {
    const before = this.#keyOf.get(path);
    if (before === key) return;
    if (before !== undefined) this.#drop(path, before);
    this.#keyOf.set(path, key);
    const paths = this.#pathsOf.get(key);
    if (paths === undefined) this.#pathsOf.set(key, new Set([path]));
    else paths.add(path);
  }

  of(key: string): Iterable<VirtualPath> {
    return this.#pathsOf.get(key) ?? [];
  }

  /** A name went; when it is no file's, it was a folder's, and all below it went too. */
  forget(gone: VirtualPath): void {
    const key = this.#keyOf.get(gone);
    if (key !== undefined) {
      this.#drop(gone, key);
      return;
    }
    for (const [path, below] of this.#keyOf) if (isAtOrBelow(path, gone)) this.#drop(path, below);
  }

  #drop(path: VirtualPath, key: string): void {
    this.#keyOf.delete(path);
    const paths = this.#pathsOf.get(key);
    paths?.delete(path);
    if (paths?.size === 0) this.#pathsOf.delete(key);
  }
}
