/**
 * Fills a lost catalog again from the pool. The source tree gives assets and fingerprints
 * (a scan), the manifests say which proxies were made of which fingerprint: what matches is
 * recorded as it was, and nothing is encoded twice.
 *
 * The index is read once and then answers per asset without touching the disk. It is a
 * snapshot: what is published later is recorded by whoever publishes it.
 */

import type { Fingerprint } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { Manifest } from '../pool/manifest.js';
import type { Pool } from '../pool/pool.js';
import { type AssetRow, extensionsOf } from './asset.js';
import type { Catalog, VariantRow } from './catalog.js';

export interface PoolIndex {
  /** Number of proxies. */
  readonly size: number;
  /** Records the newest fitting proxy of each profile that the asset has none for. Returns what was recorded. */
  adopt(asset: AssetRow): readonly VariantRow[];
}

type Entry = Pick<VariantRow, 'profile' | 'poolKey' | 'extension' | 'size'> & { readonly finishedAt: string };

/** Reads all manifests; damaged ones are reported and left out. */
export async function indexPool(
  catalog: Catalog,
  pool: Pool,
  onDamaged: (path: RealPath, reason: string) => void,
): Promise<PoolIndex> {
  const byMaster = new Map<Fingerprint, Entry[]>();
  let size = 0;
  for await (const manifest of pool.manifests(onDamaged)) {
    if (!manifest.validation.ok) continue;
    const { fingerprint } = manifest.master;
    byMaster.set(fingerprint, [...(byMaster.get(fingerprint) ?? []), entryOf(manifest)]);
    size += 1;
  }
  return { size, adopt: (asset) => adopt(catalog, asset, byMaster) };
}

function adopt(
  catalog: Catalog,
  asset: AssetRow,
  byMaster: ReadonlyMap<Fingerprint, readonly Entry[]>,
): readonly VariantRow[] {
  if (asset.fingerprint === undefined || asset.eligibility.kind !== 'eligible') return [];
  const extensions = extensionsOf(asset);
  const missing = (byMaster.get(asset.fingerprint) ?? []).filter((entry) => extensions.has(entry.extension));
  const known = new Set(catalog.variantsOf(asset.id).map((variant) => variant.profile));
  const newest = new Map<string, Entry>();
  for (const entry of missing) {
    const rival = newest.get(entry.profile);
    if (known.has(entry.profile) || (rival !== undefined && rival.finishedAt >= entry.finishedAt)) continue;
    newest.set(entry.profile, entry);
  }
  return [...newest.values()].map((entry) => record(catalog, asset, entry));
}

function record(catalog: Catalog, asset: AssetRow, { profile, poolKey, extension, size }: Entry): VariantRow {
  const variant = { asset: asset.id, profile, poolKey, extension, size, guard: asset.master };
  catalog.recordVariant(variant);
  return variant;
}

function entryOf({ profile, poolKey, output, finishedAt }: Manifest): Entry {
  return { profile, poolKey, extension: output.extension, size: output.size, finishedAt };
}
