/**
 * What is made without anybody asking: the backlog after a scan, new footage, and what the pool
 * has lost. What is opened often comes first.
 *
 * A failure is logged: nobody waits for it, and the next scan looks again. All state belongs to
 * the event loop, and a large project is gone through in slices.
 */

import { access } from 'node:fs/promises';
import type { AssetId, PoolKey } from '../src/base/ids.js';
import { returnMemory } from '../src/base/return-memory.js';
import { Slices } from '../src/base/slices.js';
import type { AssetRow } from '../src/catalog/asset.js';
import type { VariantRow } from '../src/catalog/catalog.js';
import { servablePages } from '../src/catalog/servable-pages.js';
import type { EnqueueOptions } from '../src/generate/enqueue.js';
import type { JobClass } from '../src/jobs/job-class.js';
import type { Logger } from '../src/log/logger.js';
import type { ProfileOf } from '../src/view/profile-choice.js';
import { byUse } from './by-use.js';
import type { ProjectFiles } from './project-files.js';

export interface UnaskedOptions {
  readonly files: ProjectFiles;
  readonly profileOf: ProfileOf;
  readonly log: Logger;
  /** Whether anything is made that nobody asked for. */
  readonly isWanted: () => boolean;
  /** False for what is made only when somebody asks for it. */
  readonly isMissed: (asset: AssetRow, profile: string) => boolean;
  readonly enqueue: (assets: readonly AssetRow[], options: EnqueueOptions) => Promise<unknown>;
  readonly signal: AbortSignal;
}

const BATCH = 100;
/** From here on one look at the whole pool is cheaper than one for each asset. */
const MANY = 1000;

export class Unasked {
  constructor(private readonly options: UnaskedOptions) {}

  /** All that has no proxy, and no reason for having none. */
  async backlog(): Promise<void> {
    const { files, isWanted, signal } = this.options;
    if (!isWanted()) return;
    const wanted = await this.#wanted();
    const keys = wanted.length > MANY ? await files.pool.keys() : undefined;
    byUse(wanted, files.cacheBook);
    for (let at = 0; at < wanted.length; at += BATCH) {
      signal.throwIfAborted();
      const batch = wanted.slice(at, at + BATCH);
      const missing = batch.map(async ({ id, variant }) => ((await this.#isThere(variant)) ? [] : [id]));
      await this.#enqueue((await Promise.all(missing)).flat(), 'backlog', keys);
    }
    returnMemory(wanted.length);
  }

  /** Begins to queue these, as new footage; `what` names them where that fails. */
  footage(ids: readonly AssetId[], what: string): void {
    if (this.options.isWanted()) this.inBackground(this.#enqueue(ids, 'footage'), what);
  }

  inBackground(work: Promise<void>, what: string): void {
    const { log, signal } = this.options;
    work.catch((error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, `${what} could not be queued`);
    });
  }

  /** Light rows: the media facts of a large project do not fit into memory at once. */
  async #wanted(): Promise<{ readonly id: AssetId; readonly variant: VariantRow | undefined }[]> {
    const { files, profileOf, signal } = this.options;
    const wanted: { readonly id: AssetId; readonly variant: VariantRow | undefined }[] = [];
    for await (const page of servablePages(files.catalog, signal)) {
      for (const { id, eligibility, failures, paths, variants } of page) {
        const profile = profileOf(paths);
        if (eligibility.kind === 'ineligible' || failures.some((each) => each.profile === profile)) continue;
        wanted.push({ id, variant: variants.find((each) => each.profile === profile) });
      }
    }
    return wanted;
  }

  /** The pool may have been cleaned since: what it lost is made again. */
  async #isThere(variant: VariantRow | undefined): Promise<boolean> {
    if (variant === undefined) return false;
    const file = this.options.files.pool.fileOf(variant.poolKey, variant.extension);
    return await access(file).then(
      () => true,
      () => false,
    );
  }

  /** `keys`: all that the pool has, where somebody has looked. */
  async #enqueue(ids: readonly AssetId[], jobClass: JobClass, keys?: ReadonlySet<PoolKey>): Promise<void> {
    const { enqueue, files, isMissed, profileOf, signal } = this.options;
    const mayBePublished = keys && ((key: PoolKey) => keys.has(key));
    const slices = new Slices();
    for (let at = 0; at < ids.length; at += BATCH) {
      await slices.rest(signal);
      const found = files.catalog.getAll(ids.slice(at, at + BATCH));
      const assets = found.filter((asset) => isMissed(asset, profileOf(asset.paths)));
      await enqueue(assets, { jobClass, signal, mayBePublished });
    }
  }
}
