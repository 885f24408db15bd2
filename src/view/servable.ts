/**
 * What `view` needs to know of an asset to decide what its path serves.
 * The catalog's rows satisfy this; `view` itself knows no database.
 */

import type { AssetId, FileIdentity } from '../base/ids.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';

export interface ServableAsset {
  readonly id: AssetId;
  readonly identity: FileIdentity;
  /** All known names of the asset (hard links have several), sorted; never empty. */
  readonly paths: readonly VirtualPath[];
  readonly master: MasterGuard;
  readonly eligibility: Eligibility;
  /** The published proxy of the project's profile, made from the master as it is now. */
  readonly proxy: PublishedProxy | undefined;
  /** Why there is no proxy yet (`waiting in the queue`, `encoding`, `rejected: ...`); shown to users. */
  readonly pending: string | undefined;
}

export type Eligibility =
  | { readonly kind: 'eligible' }
  /** `code` is stable for machines (`audio-only`, `alpha`, `camera-card`, ...); `reason` is for people. */
  | { readonly kind: 'ineligible'; readonly code: string; readonly reason: string }
  /** Not probed yet, or still growing. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface PublishedProxy {
  readonly file: RealPath;
  readonly profile: string;
  readonly mtimeNs: bigint;
  /** The master the proxy was made from. */
  readonly guard: MasterGuard;
}
