/** An asset as the catalog keeps it: one media file of the source tree and what is known of it. */

import { extname } from 'node:path';
import type { AssetId, FileIdentity, Fingerprint } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Eligibility } from '../view/servable.js';
import type { Likeness } from './likeness.js';

export interface AssetRow {
  readonly id: AssetId;
  readonly identity: FileIdentity;
  readonly paths: readonly VirtualPath[];
  readonly master: MasterGuard;
  readonly fingerprint: Fingerprint | undefined;
  /** Read when it is asked for, which may throw `store/damaged`; of many assets that were read at once it is as it is then. */
  readonly media: MediaInfo | undefined;
  /** Whether something is known of the media. */
  readonly isDescribed: boolean;
  /** Undefined also for clips that another version of proxyfs described. */
  readonly likeness: Likeness | undefined;
  readonly eligibility: Eligibility;
}

/** An asset without what only the making of its proxies asks for. */
export type AssetOutline = Omit<AssetRow, 'fingerprint' | 'media' | 'isDescribed' | 'likeness'>;

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
