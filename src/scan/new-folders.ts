/**
 * Editors save projects and renders all day: of new names that are no media, only folders are
 * news. Asks for what each name stands for, a few at a time. Concurrency: names that come
 * meanwhile are asked for in the next round.
 */

import { lstat } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';

/** Names that are looked at in one go. */
const BATCH = 64;

export class NewFolders {
  readonly #source: RealPath;
  readonly #onFolder: (path: VirtualPath) => void;
  #names = new Set<VirtualPath>();
  #asking: Promise<void> | undefined;

  constructor(source: RealPath, onFolder: (path: VirtualPath) => void) {
    this.#source = source;
    this.#onFolder = onFolder;
  }

  ask(path: VirtualPath): void {
    this.#names.add(path);
    this.#asking ??= this.#askAll().finally(() => {
      this.#asking = undefined;
    });
  }

  /** Resolves when nothing is being asked for any more. */
  async close(): Promise<void> {
    this.#names.clear();
    await this.#asking;
  }

  async #askAll(): Promise<void> {
    while (this.#names.size > 0) {
      const names = [...this.#names];
      this.#names = new Set();
      for (let at = 0; at < names.length; at += BATCH) {
        await Promise.all(names.slice(at, at + BATCH).map((path) => this.#askOne(path)));
      }
    }
  }

  async #askOne(path: VirtualPath): Promise<void> {
    try {
      if ((await lstat(realPathOf(this.#source, path))).isDirectory()) this.#onFolder(path);
    } catch (error) {
      // What is gone again was never news; of anything else the look itself finds the reason.
      if (errnoOf(error) !== 'ENOENT') this.#onFolder(path);
    }
  }
}
