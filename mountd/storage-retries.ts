/**
 * Clips that failed for what lies around them are tried again. Where their storage answered with
 * errors: from time to time, and at once when something was mounted or unmounted, since a drive
 * that is well again tells nobody. Where the quota was too small: when the project is mounted.
 */

import { isTooLarge } from '../src/cache/describe.js';
import type { AssetRow } from '../src/catalog/asset.js';
import type { Catalog } from '../src/catalog/catalog.js';
import type { EnqueueOptions } from '../src/generate/enqueue.js';
import { isMasterFault } from '../src/generate/master-fault.js';
import type { Logger } from '../src/log/logger.js';

export interface StorageRetriesOptions {
  readonly catalog: Catalog;
  readonly enqueue: (
    assets: readonly AssetRow[],
    options: Omit<EnqueueOptions, 'profileOf'> & { readonly profiles: readonly string[] },
  ) => Promise<unknown>;
  readonly log: Logger;
}

const EVERY_MS = 10 * 60_000;

export class StorageRetries {
  readonly #options: StorageRetriesOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StorageRetriesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.again(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  again(): void {
    this.#retry(isMasterFault, 'clips whose storage answered with errors');
  }

  /** The quota may be another one than it was. */
  afterStart(): void {
    this.#retry(isTooLarge, 'clips whose proxies were too large for the pool');
  }

  #retry(isMeant: (reason: string) => boolean, what: string): void {
    const { catalog, enqueue, log } = this.#options;
    const failed = catalog.failures().filter(({ reason }) => isMeant(reason));
    if (failed.length === 0) return;
    log.info({ proxies: failed.length }, `${what} are tried again`);
    // Each in the set in which it failed, whichever is served.
    for (const set of new Set(failed.map(({ profile }) => profile))) {
      const assets = failed.flatMap(({ asset, profile }) => (profile === set ? (catalog.get(asset) ?? []) : []));
      enqueue(assets, { jobClass: 'backlog', retryFailed: true, profiles: [set] }).catch((err: unknown) => {
        log.warn({ err, profile: set }, `${what} could not be queued`);
      });
    }
  }
}
