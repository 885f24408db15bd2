/**
 * The catalog as `view` wants it: each asset with the proxy and the failure of the
 * profile that is chosen for it.
 */

import type { AssetId, FileIdentity } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { AssetOutline } from '../catalog/asset.js';
import type { Catalog, CatalogServable, VariantRow } from '../catalog/catalog.js';
import { servablePages } from '../catalog/servable-pages.js';
import type { Pool } from '../pool/pool.js';
import type { ModeState } from '../view/mode.js';
import type { ProfileOf } from '../view/profile-choice.js';
import type { PublishedProxy, ServableAsset } from '../view/servable.js';

export interface ViewSource {
  /** With the profiles of a state that is not in force yet, or of the one that is. */
  all(state?: ModeState): Iterable<ServableAsset>;
  /** All, with pauses for others in between; as each was when its page was read. */
  pages(signal?: AbortSignal): AsyncIterable<readonly ServableAsset[]>;
  /** Each asset once that has a name at or below one of the paths. */
  below(paths: readonly VirtualPath[], state?: ModeState): Iterable<ServableAsset>;
  get(id: AssetId): ServableAsset | undefined;
  byPath(path: VirtualPath): ServableAsset | undefined;
  byIdentity(identity: FileIdentity): ServableAsset | undefined;
}

export interface ViewSourceOptions {
  readonly catalog: Catalog;
  readonly pool: Pool;
  /** The profile an asset is served in, by a state of the mode or by the one in force. */
  readonly profileIn: (state?: ModeState) => ProfileOf;
  /** What the queue says of an asset that has no proxy of this profile. */
  readonly pendingOf: (id: AssetId, profile: string) => string | undefined;
}

export function createViewSource(options: ViewSourceOptions): ViewSource {
  const { catalog, pool, profileIn, pendingOf } = options;
  const servableOf = (row: AssetOutline | undefined, profileOf = profileIn()) => {
    if (row === undefined || row.paths.length === 0) return undefined;
    const profile = profileOf(row.paths);
    const proxy = proxyOf(catalog.variantsOf(row.id), profile, pool);
    return { ...pick(row), proxy, pending: proxy === undefined ? pendingOf(row.id, profile) : undefined };
  };
  return {
    *all(state) {
      const profileOf = profileIn(state);
      for (const row of catalog.servable()) yield toServable(row, profileOf(row.paths), pool);
    },
    *below(paths, state) {
      const profileOf = profileIn(state);
      const seen = new Set<AssetId>();
      for (const { id } of paths.flatMap((path) => catalog.below(path))) {
        const asset = seen.has(id) ? undefined : servableOf(catalog.outline(id), profileOf);
        seen.add(id);
        if (asset !== undefined) yield asset;
      }
    },
    async *pages(signal) {
      for await (const page of servablePages(catalog, signal)) {
        const profileOf = profileIn();
        yield page.map((row) => toServable(row, profileOf(row.paths), pool));
      }
    },
    get: (id) => servableOf(catalog.outline(id)),
    byPath: (path) => servableOf(catalog.outlineAt(path)),
    byIdentity: (identity) => servableOf(catalog.outlineOf(identity)),
  };
}

/** A hundred thousand in a row: what has the fields already is not copied. */
function toServable(row: CatalogServable, profile: string, pool: Pool): ServableAsset {
  const { id, identity, paths, master, eligibility, failures, variants } = row;
  const pending = failures.find((entry) => entry.profile === profile)?.reason;
  return { id, identity, paths, master, eligibility, proxy: proxyOf(variants, profile, pool), pending };
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
const EARLIER = Array.from({ length: 60 }, (_, index) => BigInt(index + 2) * SECOND);

/**
 * The mtime a proxy shows: 2 to 61 whole seconds before its master's, the same for the
 * same proxy on every machine. Whole seconds, at least two, since FAT, exFAT and many
 * caches compare no finer; before and not after, so that it is never in the future.
 */
export function distinctMtime(masterMtimeNs: bigint, poolKey: string): bigint {
  return masterMtimeNs - (EARLIER[Number.parseInt(poolKey.slice(0, 8), 16) % EARLIER.length] ?? 2n * SECOND);
}
