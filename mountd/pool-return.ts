/**
 * A new or lost catalog takes back what the pool has of earlier times, while the first scan
 * finds the assets. Also what another FFmpeg made counts: only its key differs, and it was
 * compared with the same master.
 */

import type { AssetId } from '../src/base/ids.js';
import type { AssetRow } from '../src/catalog/asset.js';
import { indexPool, type PoolIndex } from '../src/catalog/rebuild.js';
import { servablePages } from '../src/catalog/servable-pages.js';
import type { Logger } from '../src/log/logger.js';
import type { ProjectFiles } from './project-files.js';

export class PoolReturn {
  #index: PoolIndex | undefined;

  constructor(
    private readonly files: ProjectFiles,
    private readonly log: Logger,
  ) {}

  /** Looks at the pool, where the catalog knows of no proxy at all. */
  async begin(): Promise<void> {
    const { catalog, pool } = this.files;
    if (!catalog.isWithoutVariants()) return;
    const index = await indexPool(catalog, pool, (path, reason) =>
      this.log.warn({ path, reason }, 'left out of the catalog'),
    );
    this.#index = index.size === 0 ? undefined : index;
  }

  /** Which of these got their proxies back. */
  adopt(assets: readonly AssetRow[]): readonly AssetId[] {
    const index = this.#index;
    return index === undefined ? [] : assets.filter((asset) => index.adopt(asset).length > 0).map(({ id }) => id);
  }

  /** Once all assets are known; whatever is found later is new footage. */
  async finish(signal: AbortSignal, onAdopted: (ids: readonly AssetId[]) => void): Promise<void> {
    if (this.#index === undefined) return;
    const { catalog } = this.files;
    for await (const page of servablePages(catalog, signal))
      onAdopted(this.adopt(catalog.getAll(page.map(({ id }) => id))));
    this.#index = undefined;
  }
}
