/**
 * What the catalog knows of proxies as a cache: uses, removals, pins, and the place of the
 * slow check. Beside the catalog proper, in the same database; all methods are synchronous
 * transactions.
 */

import type { AssetId, FileIdentity, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';

export interface Use {
  readonly asset: AssetId;
  readonly profile: string;
  readonly at: number;
}

/** A proxy of the pool with all assets of this project that it serves (copies of a clip share one). */
export interface CachedObject {
  readonly key: PoolKey;
  readonly extension: string;
  readonly size: number;
  readonly owners: readonly ObjectOwner[];
  /** The latest use of any owner; the making of the proxy counts as the first. */
  readonly lastAt: number;
  /** On how many days it was opened. */
  readonly days: number;
}

export interface ObjectOwner {
  readonly asset: AssetId;
  readonly profile: string;
}

export interface Pin {
  readonly path: VirtualPath;
  /** The file or folder that had this name when it was pinned, by which a renamed one is found. */
  readonly identity: FileIdentity | undefined;
}

export interface Eviction {
  readonly at: number;
  /** A few words: `not used for 30 days`. */
  readonly reason: string;
  readonly guard: MasterGuard;
}

export interface CacheTotals {
  readonly evicted: number;
  readonly evictedBytes: number;
  /** Proxies up to and including this key were looked at in the present round; '' at its beginning. */
  readonly scrubPosition: string;
  /** When the last round ended; 0 for never. */
  readonly scrubFinishedAt: number;
}

export interface CacheBook {
  /** Opens of proxies; each day on which one was opened counts once. */
  recordUses(uses: readonly Use[]): void;
  /** A proxy was made: that counts as a use, but as no day of use; if it had been removed, it is there again. */
  madeAgain(made: Use): void;
  /** Proxies that nobody has opened yet count as used from now on; what is there again is not removed any more. */
  beginUses(now: number): void;
  /** Every recorded proxy, ordered by key; only those after a key, and no more than `most`. */
  objects(after?: PoolKey | '', most?: number): readonly CachedObject[];
  /** The keys of recorded proxies that begin so. */
  keysOf(beginning: string): ReadonlySet<PoolKey>;
  object(key: PoolKey): CachedObject | undefined;
  /** Takes the variants of these objects out of the catalog, in one transaction; with `eviction`, remembers that they are not missed. */
  forgetObjects(objects: readonly CachedObject[], eviction?: { readonly at: number; readonly reason: string }): void;
  evictionOf(asset: AssetId, profile: string): Eviction | undefined;
  /** Somebody asked for the proxy. */
  clearEviction(asset: AssetId, profile: string): void;
  /** Bytes of all proxies of a profile, and of their masters: what the next one may need. */
  ratioOf(profile: string): { readonly proxies: number; readonly masters: number };

  pins(): readonly Pin[];
  pin(pins: readonly Pin[], now: number): void;
  /** Returns those that were there. */
  unpin(paths: readonly VirtualPath[]): readonly VirtualPath[];
  movePin(from: VirtualPath, to: VirtualPath): void;

  totals(): CacheTotals;
  scrubbed(position: string): void;
  scrubFinished(at: number): void;
}
