/**
 * What is known of a media file after probing it: the facts a proxy must copy.
 *
 * Pure types. Rates and durations are exact rationals; durations are in seconds.
 */

import type { Rational } from '../time/rational.js';
import type { OwnTimes } from './own-times.js';

export interface MediaInfo {
  /** FFmpeg's demuxer names, for example `mov,mp4,m4a,3gp,3g2,mj2` or `mxf`. */
  readonly format: string;
  readonly duration: Rational | undefined;
  /** All streams in file order. */
  readonly streams: readonly MediaStream[];
  /** Start timecode as written by FFmpeg (`01:00:00;00`), from format, stream or tmcd track. */
  readonly timecode: string | undefined;
  readonly reel: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Ticks a second in which a QuickTime or MP4 header counts lengths and edits. Absent elsewhere and until counted. */
  readonly movieTimescale?: number;
  /** A QuickTime or MP4 file whose samples lie in fragments. Absent where a header lists them, and until counted. */
  readonly fragmented?: true;
  /** Absent where the file is whole, and until counted. */
  readonly incomplete?: Incomplete;
  /** Names of what a file carries beside its streams: `chapters`, `HDR mastering display`, ... Absent until counted. */
  readonly extras?: readonly string[];
}

/**
 * `open`: its recorder has not closed it; `cut-off`: its header speaks of more than there is;
 * `elsewhere`: picture or sound lie in another file.
 */
export type Incomplete = 'open' | 'cut-off' | 'elsewhere';

export type MediaStream = VideoStream | AudioStream | OtherStream;

interface StreamBase {
  readonly index: number;
  /** FFmpeg's codec name, `unknown` when it has none. */
  readonly codec: string;
  /** Four-character tag of the container, such as `apcn` or `tmcd`. */
  readonly codecTag: string;
  readonly duration: Rational | undefined;
  readonly startTime: Rational | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Names of the dispositions that are set (`default`, `attached_pic`, ...). */
  readonly dispositions: readonly string[];
}

export interface VideoStream extends StreamBase {
  readonly kind: 'video';
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  /** ffprobe's r_frame_rate, once counted the rate that the frames really keep; and its avg_frame_rate. */
  readonly frameRate: Rational | undefined;
  readonly averageFrameRate: Rational | undefined;
  /** Frames that are shown: packets counted in the file less the hidden ones; undefined until counted. */
  readonly frames: number | undefined;
  /** Packets that an edit list keeps from being shown. Absent until counted. */
  readonly hiddenFrames?: number;
  /** Packets that programs read, hidden ones included: up to the key frames around an edit. Absent until counted. */
  readonly listedFrames?: number;
  /** The frames do not lie at a constant rate. Undefined until counted. */
  readonly variableFrameRate: boolean | undefined;
  /** Of QuickTime and MP4, where number and rate of the frames do not say when each is shown. Absent elsewhere. */
  readonly ownTimes?: OwnTimes;
  /**
   * Seconds that the header of QuickTime and MP4 lets pass in an edit before the first frame that begins in it. FFmpeg
   * begins with the frame, as does `startTime`; other programs wait. Absent where there are none, and until counted.
   */
  readonly waitInEdit?: Rational;
  readonly sampleAspect: Rational | undefined;
  /** Degrees of the display matrix, 0 when there is none. */
  readonly rotation: number;
  /** `progressive`, `tt`, `bb`, `tb`, `bt` or `unknown`: the container's word, else that of the first frame. */
  readonly fieldOrder: string;
  readonly hasAlpha: boolean;
  readonly color: ColorTags;
  /** The bitstream has codes in the place of colour tags that say nothing (ProRes: 0). Absent elsewhere. */
  readonly reservedTags?: true;
  /** What a QuickTime or MP4 header states of the colours, where that is not the same as `color`. Absent elsewhere. */
  readonly containerColor?: ContainerColor;
}

export interface ColorTags {
  readonly range: string | undefined;
  readonly matrix: string | undefined;
  readonly primaries: string | undefined;
  readonly transfer: string | undefined;
}

/** Numbers of ITU-T H.273; 2 is unspecified. */
export interface ContainerColor {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

export interface AudioStream extends StreamBase {
  readonly kind: 'audio';
  readonly channels: number;
  readonly layout: string | undefined;
  readonly sampleRate: number;
  /** `s16`, `s32p`, `fltp`, ... and significant bits where stated (24 for pcm_s24le). */
  readonly sampleFormat: string | undefined;
  readonly bitsPerSample: number | undefined;
}

export interface OtherStream extends StreamBase {
  readonly kind: 'data' | 'subtitle' | 'attachment' | 'unknown';
}
