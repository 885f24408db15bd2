/**
 * What happens to a damaged proxy, whoever notices: out of the mount at once, out of the
 * catalog, out of the pool, and back into the queue.
 *
 * Concurrency: one withdrawal of a proxy at a time; a second one finds nothing left to do.
 */

import type { AssetId } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { CacheBook, CachedObject } from '../catalog/cache-book.js';
import type { Withdrawer } from '../flip/withdraw.js';
import type { Journal } from '../journal/journal.js';
import type { Logger } from '../log/logger.js';
import type { Pool } from '../pool/pool.js';

export interface HealthOptions {
  readonly book: CacheBook;
  readonly pool: Pool;
  readonly withdrawer: Withdrawer;
  readonly journal: Journal;
  readonly log: Logger;
  readonly nameOf: (asset: AssetId) => VirtualPath | undefined;
  /** These have no proxy any more: make it again where this daemon makes any. */
  readonly onWithdrawn: (assets: readonly AssetId[]) => void;
}

export interface Withdrawn {
  /** Why the damaged file is still in the pool; undefined when it is gone. */
  readonly leftBecause: string | undefined;
}

export class Health {
  readonly #options: HealthOptions;
  /** Those whose new proxy will be a repair. */
  readonly #missed = new Map<string, string>();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  async withdraw(object: CachedObject, problem: string): Promise<Withdrawn> {
    const { book, pool, withdrawer, onWithdrawn } = this.#options;
    if (book.object(object.key) === undefined) return { leftBecause: undefined };
    const assets = object.owners.map(({ asset }) => asset);
    const item = { file: pool.fileOf(object.key, object.extension), assets };
    const reason = `its proxy is damaged: ${problem}`;
    await withdrawer.withdraw([item], { reason, onlyIfIdle: false }, () => book.forgetObjects([object]));
    const leftBecause = await this.#remove(object);
    this.#tell(object, problem);
    // One that cannot be removed would be taken for published again.
    if (leftBecause === undefined) onWithdrawn(assets);
    return { leftBecause };
  }

  /** A proxy was published. */
  onPublished(asset: AssetId, profile: string): void {
    const problem = this.#missed.get(`${asset} ${profile}`);
    if (problem === undefined) return;
    this.#missed.delete(`${asset} ${profile}`);
    const { journal, nameOf } = this.#options;
    journal.record({ kind: 'repaired', path: nameOf(asset), asset, facts: { profile, reason: problem } });
  }

  async #remove({ key }: CachedObject): Promise<string | undefined> {
    const { pool, log } = this.#options;
    try {
      await pool.remove(key);
      await pool.release(key);
      return undefined;
    } catch (error) {
      log.error({ err: error, key }, 'a damaged proxy could not be removed from the pool: remove it by hand');
      return error instanceof Error ? error.message : String(error);
    }
  }

  #tell({ key, owners }: CachedObject, problem: string): void {
    const { journal, log, nameOf } = this.#options;
    for (const { asset, profile } of owners) {
      const path = nameOf(asset);
      log.warn({ path, profile, key }, `a proxy was withdrawn, and the master is served: ${problem}`);
      journal.record({ kind: 'withdrawn', path, asset, facts: { profile, poolKey: key, reason: problem } });
      this.#missed.set(`${asset} ${profile}`, problem);
    }
  }
}
