/**
 * The catalog as `view` wants it: assets with the proxy and the failure of the one
 * profile this mount serves.
 */

import type { AssetId, FileIdentity } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Catalog, CatalogServable, VariantRow } from '../catalog/catalog.js';
import type { Pool } from '../pool/pool.js';
import type { PublishedProxy, ServableAsset } from '../view/servable.js';

export interface ViewSource {
  all(): Iterable<ServableAsset>;
  /** Each asset once that has a name at or below one of the paths. */
  below(paths: readonly VirtualPath[]): Iterable<ServableAsset>;
  get(id: AssetId): ServableAsset | undefined;
  byPath(path: VirtualPath): ServableAsset | undefined;
  byIdentity(identity: FileIdentity): ServableAsset | undefined;
}

export interface ViewSourceOptions {
  readonly catalog: Catalog;
  readonly pool: Pool;
  /** The profile an asset is served in. */
  readonly profile: string;
  /** What the queue says of an asset that has no proxy. */
  readonly pendingOf: (id: AssetId) => string | undefined;
}

export function createViewSource(options: ViewSourceOptions): ViewSource {
  const { catalog, pool, profile, pendingOf } = options;
  const byId = (id: AssetId | undefined) => {
    const row = id === undefined ? undefined : catalog.get(id);
    if (row === undefined || row.paths.length === 0) return undefined;
    const variants = catalog.variantsOf(row.id);
    const proxy = proxyOf(variants, profile, pool);
    return { ...pick(row), proxy, pending: proxy === undefined ? pendingOf(row.id) : undefined };
  };
  return {
    *all() {
      for (const row of catalog.servable()) yield toServable(row, profile, pool);
    },
    *below(paths) {
      const seen = new Set<AssetId>();
      for (const { id } of paths.flatMap((path) => catalog.below(path))) {
        const asset = seen.has(id) ? undefined : byId(id);
        seen.add(id);
        if (asset !== undefined) yield asset;
      }
    },
    get: byId,
    byPath: (path) => byId(catalog.byPath(path)?.id),
    byIdentity: (identity) => byId(catalog.byIdentity(identity)?.id),
  };
}

function toServable(row: CatalogServable, profile: string, pool: Pool): ServableAsset {
  const failure = row.failures.find((entry) => entry.profile === profile);
  return { ...pick(row), proxy: proxyOf(row.variants, profile, pool), pending: failure?.reason };
}

function pick({ id, identity, paths, master, eligibility }: Omit<ServableAsset, 'proxy' | 'pending'>) {
  return { id, identity, paths, master, eligibility };
}

function proxyOf(variants: readonly VariantRow[], profile: string, pool: Pool): PublishedProxy | undefined {
  const variant = variants.find((row) => row.profile === profile);
  if (variant === undefined) return undefined;
  const { poolKey, extension, guard } = variant;
  return { file: pool.fileOf(poolKey, extension), profile, mtimeNs: distinctMtime(guard.mtimeNs, poolKey), guard };
}

const SECOND = 1_000_000_000n;

/**
 * The mtime a proxy shows: 2 to 61 whole seconds before its master's, the same for the
 * same proxy on every machine. Whole seconds, at least two, since FAT, exFAT and many
 * caches compare no finer; before and not after, so that it is never in the future.
 */
export function distinctMtime(masterMtimeNs: bigint, poolKey: string): bigint {
  return masterMtimeNs - (2n + (BigInt(`0x${poolKey.slice(0, 8)}`) % 60n)) * SECOND;
}
