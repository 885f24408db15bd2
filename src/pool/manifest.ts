/**
 * The manifest beside each published proxy: enough to trust it, explain it and
 * rebuild the catalog from it. Written last; a proxy without a manifest is not published.
 */

import type { Fingerprint, PoolKey, RecipeHash } from '../base/ids.js';
import type { MasterGuard } from '../mount/driver.js';
import type { ValidationReport } from '../validate/report.js';

export const MANIFEST_VERSION = 1;

export interface Manifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly poolKey: PoolKey;
  readonly master: {
    readonly fingerprint: Fingerprint;
    /** As it was when the proxy was made. */
    readonly guard: MasterGuard;
    /** Project-relative path at that time, for people. */
    readonly path: string;
  };
  readonly profile: string;
  readonly recipeHash: RecipeHash;
  /** The exact command as an argument array. */
  readonly command: readonly string[];
  readonly ffmpeg: string;
  readonly output: { readonly size: number; readonly blake3: string; readonly extension: string };
  readonly startedAt: string;
  readonly finishedAt: string;
  /** user@host */
  readonly madeBy: string;
  readonly validation: ValidationReport;
}
