/** An asset as the catalog keeps it: one media file of the source tree and what is known of it. */

import { extname } from 'node:path';
import type { AssetId, FileIdentity, Fingerprint } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Eligibility } from '../view/servable.js';

export interface AssetRow {
  readonly id: AssetId;
  readonly identity: FileIdentity;
  readonly paths: readonly VirtualPath[];
  readonly master: MasterGuard;
  readonly fingerprint: Fingerprint | undefined;
  /** Read from `facts` when it is asked for; that may throw `store/damaged`. */
  readonly media: MediaInfo | undefined;
  /** What is known of the media, as the catalog keeps it: equal texts say the same. */
  readonly facts: string | undefined;
  readonly eligibility: Eligibility;
}

/** An asset without what only the making of its proxies asks for. */
export type AssetOutline = Omit<AssetRow, 'fingerprint' | 'media' | 'facts'>;

/** A file found by a scan, before it is known whether it is a new asset. */
export interface FoundFile {
  readonly path: VirtualPath;
  readonly identity: FileIdentity;
  readonly master: MasterGuard;
}

/** The extensions of an asset's names, with the dot, in lower case: what its proxies must be named. */
export function extensionsOf(asset: Pick<AssetRow, 'paths'>): ReadonlySet<string> {
  return new Set(asset.paths.map((path) => extname(path).toLowerCase()));
}
