/**
 * Clips whose storage answered with errors are tried again: from time to time, and at once when
 * something was mounted or unmounted. A drive that is well again tells nobody.
 */

import type { AssetRow } from '../src/catalog/asset.js';
import type { Catalog } from '../src/catalog/catalog.js';
import type { EnqueueOptions } from '../src/generate/enqueue.js';
import { isMasterFault } from '../src/generate/master-fault.js';
import type { Logger } from '../src/log/logger.js';

export interface StorageRetriesOptions {
  readonly catalog: Catalog;
  readonly enqueue: (assets: readonly AssetRow[], options: Omit<EnqueueOptions, 'profileOf'>) => Promise<unknown>;
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
    const { catalog, enqueue, log } = this.#options;
    const failed = catalog.failures().filter(({ reason }) => isMasterFault(reason));
    const assets = [...new Set(failed.map(({ asset }) => asset))].flatMap((id) => catalog.get(id) ?? []);
    if (assets.length === 0) return;
    log.info({ clips: assets.length }, 'clips whose storage answered with errors are tried again');
    enqueue(assets, { jobClass: 'backlog', retryFailed: true }).catch((err: unknown) => {
      log.warn({ err }, 'clips whose storage answered with errors could not be queued');
    });
  }
}
