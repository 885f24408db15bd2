/**
 * Opens of proxies, gathered in memory and written together: a program that opens a
 * thousand clips costs one transaction.
 *
 * A daemon that is killed loses the opens of the last half minute.
 */

import type { Clock } from '../base/clock.js';
import type { AssetId } from '../base/ids.js';
import type { CacheBook, Use } from '../catalog/cache-book.js';

export class UseLog {
  #waiting = new Map<string, Use>();

  constructor(
    private readonly book: CacheBook,
    private readonly clock: Clock,
  ) {}

  note(asset: AssetId, profile: string): void {
    this.#waiting.set(`${asset} ${profile}`, { asset, profile, at: this.clock.now() });
  }

  /** When the disk refuses, they wait for the next time. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    this.book.recordUses([...this.#waiting.values()]);
    this.#waiting = new Map();
  }
}
