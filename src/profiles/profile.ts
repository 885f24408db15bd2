/**
 * What a profile is: immutable, versioned data. Two kinds:
 *
 * - a *format* makes the same kind of file of every master; its name is used by jobs
 *   that write proxies beside the media;
 * - a *set* follows the extension of the master, so that its proxies can be served under
 *   the master's own name. A mount serves sets.
 */

import type { PictureSize } from './picture-size.js';

export type VideoEssence =
  | 'prores-proxy'
  | 'prores-lt'
  | 'prores-hq'
  | 'dnxhr-lb'
  | 'dnxhr-sq'
  | 'h264-intra'
  | 'mpeg2-intra';

/** Who decodes the master and encodes the proxy. */
export type Engine = 'ffmpeg' | 'resolve';

/** What the finished file is made of. */
export interface ProfileTarget {
  /** FFmpeg muxer. */
  readonly muxer: 'mov' | 'mp4' | 'mxf';
  readonly video: VideoEssence;
  /** For pictures that `video` cannot carry: DNxHR is progressive, BT.709 or BT.2020, and at least 256x120. */
  readonly otherwise?: VideoEssence;
}

export interface Profile {
  readonly name: string;
  /** Raised whenever the meaning changes, so that proxies made before are known to be something else. */
  readonly version: number;
  readonly kind: 'format' | 'set';
  readonly engine: Engine;
  readonly size: PictureSize;
  /** The name of the look that is applied: none unless the name of the profile asks for it. */
  readonly look?: string;
  /** One line: what it makes. */
  readonly summary: string;
  /** One line: who should choose it. */
  readonly advice: string;
  /**
   * Keys are extensions with the dot, in lower case: those of the masters of a set, and
   * the one extension of a format's files.
   */
  readonly targets: Readonly<Record<string, ProfileTarget>>;
}
