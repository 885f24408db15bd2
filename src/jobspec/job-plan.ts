/** A job whose every clip has been looked at: what will be made of what, and where it goes. Plain data. */

import type { Fingerprint, PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Profile } from '../profiles/profile.js';
import type { Recipe } from '../profiles/recipe.js';
import type { JobSpec } from './spec-schema.js';

/** What is done where an output is there already. */
export const OUTPUT_EXISTS = ['fail', 'skip', 'overwrite'] as const;
export type OutputExists = (typeof OUTPUT_EXISTS)[number];

export interface JobPlan {
  readonly jobId: string;
  readonly spec: JobSpec;
  readonly profile: Profile;
  readonly toolchain: Toolchain;
  readonly outputDir: RealPath;
  readonly outputExists: OutputExists;
  readonly clips: readonly ClipPlan[];
}

/** The master as it was examined; it must be so again before and after the encode. */
export interface MasterState {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly fingerprint: Fingerprint;
}

export interface ClipPlan {
  /** From 1. */
  readonly index: number;
  /** As the spec names it. */
  readonly source: string;
  /** The file itself: no symbolic link, and not below a mount of proxyfs. */
  readonly master: RealPath;
  readonly state: MasterState;
  /** Probed with its frames counted; undefined where only Resolve can read it. */
  readonly media: MediaInfo | undefined;
  readonly work: ClipWork;
  readonly output: RealPath;
  /** Something has the output's name already. */
  readonly isThere: boolean;
  readonly warnings: readonly string[];
}

export type ClipWork =
  | { readonly engine: 'ffmpeg'; readonly recipe: Recipe; readonly poolKey: PoolKey }
  | { readonly engine: 'resolve'; readonly extension: string };
