/**
 * The manifest beside each published proxy: enough to trust it, explain it and
 * rebuild the catalog from it. Written last; a proxy without a manifest is not published.
 */

import type { Fingerprint, PoolKey, RecipeHash } from '../base/ids.js';
import type { MasterGuard } from '../mount/driver.js';
import type { ValidationReport } from '../validate/report.js';

export const MANIFEST_VERSION = 1;

/** What follows the key in the names of pictures. */
export const PICTURE_SUFFIXES = { poster: '.poster.jpg', sprite: '.sprite.jpg', index: '.sprite.vtt' } as const;

export interface PublishedPictures {
  readonly poster: { readonly width: number; readonly height: number };
  readonly sprite: {
    readonly width: number;
    readonly height: number;
    readonly tileWidth: number;
    readonly tileHeight: number;
    readonly columns: number;
    readonly rows: number;
    readonly count: number;
    readonly everyFrames: number;
  };
}

export interface PublishedSegments {
  /** Of encoder and arguments: only with an equal one the frames are the same. */
  readonly key: string;
  /** Frames of each segment but the last. */
  readonly frames: number;
  /** Digests of the master's packets that each was made from. */
  readonly sources: readonly string[];
}

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
  /** What else came out of the same decode and lies beside the proxy, under its key and these suffixes. */
  readonly pictures?: PublishedPictures | undefined;
  /** It was made in segments: what a proxy of a later state of the master may take over. */
  readonly segments?: PublishedSegments | undefined;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** user@host */
  readonly madeBy: string;
  readonly validation: ValidationReport;
}
