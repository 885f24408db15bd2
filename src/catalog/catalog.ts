/**
 * The catalog: every media file of the source tree, what is known of it, its
 * variants, and the project's modes. One SQLite database per project, held by one
 * daemon; all methods are synchronous transactions.
 *
 * Identity across moves: an asset is found again by (dev, ino), then by path with
 * unchanged size and mtime (device numbers change over reboots), then by fingerprint,
 * so that a renamed, moved or copied-back clip keeps its proxy.
 */

import type { AssetId, FileIdentity, Fingerprint, PoolKey, RecipeHash } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Mode } from '../view/mode.js';
import type { Eligibility } from '../view/servable.js';
import type { AssetOutline, AssetRow, FoundFile } from './asset.js';

export interface Catalog {
  /**
   * Records a file seen by a scan. `changed`: the master's size or mtime differ from the
   * row, so fingerprint, media, eligibility and variant have been reset to unknown.
   */
  observe(file: FoundFile): { readonly asset: AssetRow; readonly state: ObservedState };
  /** Many in one transaction, and no more told of each than a scan has to know. */
  observeAll(files: readonly FoundFile[]): readonly Observed[];
  /**
   * The result of probing. The fingerprint is undefined while the file cannot be read or still
   * grows. When another asset with this fingerprint, vanished or not, has proxies that fit the
   * name's extension, they become this asset's too.
   */
  describe(id: AssetId, facts: AssetFacts): AssetRow;
  /** Names that are gone; an asset without names is kept as gone, with its fingerprint. Returns how many there were. */
  forget(paths: readonly VirtualPath[]): number;
  get(id: AssetId): AssetRow | undefined;
  /** Those that are there, in the order of the list: for a hundred or so at a time. */
  getAll(ids: readonly AssetId[]): readonly AssetRow[];
  byPath(path: VirtualPath): AssetRow | undefined;
  byIdentity(identity: FileIdentity): AssetRow | undefined;
  /** What `view` needs of one asset, without reading what is known of its media. */
  outline(id: AssetId): AssetOutline | undefined;
  outlineAt(path: VirtualPath): AssetOutline | undefined;
  outlineOf(identity: FileIdentity): AssetOutline | undefined;
  /** Names at or below `prefix` and whose they are, by path: the first few thousand, or those after one. */
  names(prefix: VirtualPath, after?: VirtualPath): readonly CatalogName[];
  /** Assets with a name at or below `prefix`, ordered by path. */
  below(prefix: VirtualPath): readonly AssetRow[];
  /**
   * All assets that have a name, without media details: what `view` needs, 100,000 rows in well
   * under a second. They are read in pages while they are consumed, so that no list of them is ever
   * in memory: each is as it was when its page was read. In the order of their ids, `after` one of
   * them.
   */
  servable(after?: AssetId): Iterable<CatalogServable>;
  /** Whether no asset has a proxy: the catalog is new, or was lost. */
  isWithoutVariants(): boolean;
  counts(): {
    readonly total: number;
    readonly eligible: number;
    readonly ineligible: number;
    readonly unknown: number;
  };

  /** Records a published proxy for an asset and profile, replacing an older one. */
  recordVariant(variant: VariantRow): void;
  dropVariant(id: AssetId, profile: string): void;
  variantsOf(id: AssetId): readonly VariantRow[];
  /** Those of a hundred or so assets, in one question. */
  variantsOfAll(ids: readonly AssetId[]): ReadonlyMap<AssetId, readonly VariantRow[]>;
  /** The last failure of an asset and profile, until the master or the recipe changes. */
  recordFailure(failure: FailureRow): void;
  clearFailure(id: AssetId, profile: string): void;
  failures(): readonly CatalogFailure[];

  /** Where file systems were mounted on which names were found; '' is what the source itself lies on. */
  volumes(): ReadonlyMap<VirtualPath, string>;
  recordVolume(path: VirtualPath, point: string): void;
  dropVolume(path: VirtualPath): void;

  mode(): { readonly base: Mode; readonly overrides: ReadonlyMap<VirtualPath, Mode> };
  setMode(base: Mode): void;
  setOverrides(paths: readonly VirtualPath[], mode: Mode): void;
  /** Returns those that were there. */
  clearOverrides(paths: readonly VirtualPath[]): readonly VirtualPath[];
  /** The profile chosen for each path; the root is the project. */
  profiles(): ReadonlyMap<VirtualPath, string>;
  chooseProfile(paths: readonly VirtualPath[], profile: string): void;
  clearProfiles(paths: readonly VirtualPath[]): void;
  /** Closes the database, too. */
  close(): void;
}

/** `back`: the same under another device number, as after a reboot or when a drive was plugged in again. */
export type ObservedState = 'new' | 'same' | 'moved' | 'changed' | 'back';

export interface Observed {
  readonly id: AssetId;
  readonly state: ObservedState;
  /** All that a scan looks for is known, although the verdict may still be open. */
  readonly isExamined: boolean;
  /** Names that were of this inode when it was another file: each has to be looked at by itself. */
  readonly doubtful: readonly VirtualPath[];
}

export interface CatalogName {
  readonly id: AssetId;
  readonly path: VirtualPath;
}

export interface AssetFacts {
  readonly fingerprint: Fingerprint | undefined;
  readonly media: MediaInfo | undefined;
  readonly eligibility: Eligibility;
}

export interface FailureRow {
  readonly asset: AssetId;
  readonly profile: string;
  readonly recipeHash: RecipeHash;
  readonly reason: string;
  /** The proxy was made and validation refused it: trying again without a change is pointless. */
  readonly rejected: boolean;
}

export interface CatalogFailure extends FailureRow {
  readonly path: VirtualPath;
}

/** A published proxy as recorded for one asset. */
export interface VariantRow {
  readonly asset: AssetId;
  readonly profile: string;
  readonly poolKey: PoolKey;
  readonly extension: string;
  readonly size: number;
  /** The master it was made from. */
  readonly guard: MasterGuard;
}

/** Light row for the view: one per asset, with the variant and failure of each profile. */
export interface CatalogServable {
  readonly id: AssetId;
  readonly identity: FileIdentity;
  readonly paths: readonly VirtualPath[];
  readonly master: MasterGuard;
  readonly eligibility: Eligibility;
  readonly variants: readonly VariantRow[];
  readonly failures: readonly { readonly profile: string; readonly reason: string }[];
}
