/**
 * Wakes the watcher when something happens in `pending`: by inotify, or, where that tells
 * nothing (network storage), by looking every few seconds. Only a wake-up: what is there the
 * scan finds out, which also runs from time to time by itself, so a lost event costs a delay.
 */

import { type FSWatcher, watch } from 'chokidar';
import type { RealPath } from '../base/paths.js';

/** With notification, between two looks without any. */
const SAFETY_MS = 5000;

export interface NewsOptions {
  readonly folder: RealPath;
  /** Looks only, without notification. */
  readonly pollMs: number | undefined;
  readonly onNews: () => void;
  readonly onTrouble: (error: unknown) => void;
}

export class News {
  readonly #timer: NodeJS.Timeout;
  readonly #watcher: FSWatcher | undefined;

  constructor({ folder, pollMs, onNews, onTrouble }: NewsOptions) {
    this.#timer = setInterval(onNews, pollMs ?? SAFETY_MS);
    if (pollMs !== undefined) return;
    // The folder alone is watched: one inotify watch, however many specs there are.
    this.#watcher = watch(folder, { depth: 0, ignoreInitial: true, ignored: (path) => path !== folder });
    this.#watcher.on('raw', onNews);
    this.#watcher.on('error', onTrouble);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#watcher?.close();
  }
}
