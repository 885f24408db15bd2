/**
 * A recipe: a profile resolved against one probed asset. Plain data, and a pure
 * function of its inputs, so that it can be shown, hashed and tested.
 */

import type { RecipeHash } from '../base/ids.js';
import type { EncoderSet } from '../ffmpeg/encoder-set.js';
import type { Look, Looks } from '../looks/look.js';
import type { ColorTags, ContainerColor, MediaInfo } from '../probe/media-info.js';
import type { Rational } from '../time/rational.js';
import type { Dimensions } from './picture-size.js';

export type { EncoderSet };

export interface Recipe {
  readonly profile: string;
  /** Raised whenever the meaning of a profile changes; part of the hash. */
  readonly profileVersion: number;
  /** Extension of the finished file, with the dot: of sets the master's own, in lower case. */
  readonly extension: string;
  /** FFmpeg muxer (`mov`, `mp4`, `mxf`). */
  readonly muxer: string;
  /** Arguments between `-i INPUT` and `OUTPUT`, each with its reason. */
  readonly arguments: readonly RecipeArgument[];
  /** Input options that come before `-i`. */
  readonly inputArguments: readonly RecipeArgument[];
  /** The look that is applied, and the filters that show the master's picture with it. */
  readonly look?: { readonly look: Look; readonly filter: string };
  /** What else can come out of the same decode; no part of the proxy, nor of the hash. */
  readonly pictures?: PicturePlan;
  /** How a long master is made in parts, to the same bytes; no part of the hash. */
  readonly segmenting?: Segmenting;
  /** What validation has to find in the finished file. */
  readonly expect: Expectation;
  readonly hash: RecipeHash;
}

/** One option with its value(s) and why it is there, for `proxyfs why` and the manifest. */
export interface RecipeArgument {
  readonly words: readonly string[];
  readonly why: string;
}

/** The picture of a proxy in segments, and their join. */
export interface Segmenting {
  readonly rate: Rational;
  /** Time of the master's first frame, in seconds. */
  readonly start: Rational;
  /** The picture among the master's streams. */
  readonly stream: number;
  /** Frames that are encoded before a segment and thrown away; even, and enough to compare. */
  readonly lead: number;
  /** What follows the choice of frames in the filter of the picture. */
  readonly filters: string;
  /** Of the file of one segment, behind the filter. */
  readonly encode: readonly RecipeArgument[];
  /** Poster and sheet, from the finished file. */
  readonly pictures: PicturePlan | undefined;
  /** The container says where chroma samples lie, which only the encoder knows. */
  readonly statesSiting: boolean;
  /** Of the finished file: input 0 is the master, input 1 the joined segments. */
  readonly join: readonly RecipeArgument[];
  /** How one encoder writes the finished file beside the segments; undefined where it would not be the same. */
  readonly whole: WholeFile | undefined;
}

/** The finished file as one of several that get the same packets. */
export interface WholeFile {
  /** Of all of them, beside those of the picture. */
  readonly arguments: readonly RecipeArgument[];
  /** Of its muxer, by name; `f` is the muxer. */
  readonly muxer: Readonly<Record<string, string>>;
}

export interface PicturePlan {
  readonly poster: Dimensions & { readonly arguments: readonly RecipeArgument[] };
  readonly sprite: SpriteLayout & { readonly arguments: readonly RecipeArgument[] };
}

export interface SpriteLayout {
  readonly tile: Dimensions;
  readonly columns: number;
  readonly rows: number;
  /** Pictures on the sheet; the last row may not be full. */
  readonly count: number;
  /** From one to the next. */
  readonly everyFrames: number;
  readonly frames: number;
  /** Of the clip. */
  readonly seconds: number;
}

/** The streams of the finished file, in order, as indices into the master's streams. */
export interface Expectation {
  readonly streams: readonly { readonly kind: 'video' | 'audio'; readonly masterIndex: number }[];
  readonly width: number;
  readonly height: number;
  readonly videoCodec: string;
  readonly pixelFormat: string;
  readonly timecode: string | undefined;
  /** What the picture's tags have to say; an undefined entry is not looked at. */
  readonly color: ColorTags;
  /** The master's container is of another family: what only one of the two can state is not compared. */
  readonly crossesContainers?: true;
  /** `as-master`: each audio stream has its master's length; `as-video`: that of the picture (MXF). */
  readonly audioLength: 'as-master' | 'as-video';
  /** Every stored frame is made, and the finished file gets the edit lists of its master. */
  readonly editLists?: 'of-master';
  /** The finished file gets the lengths that the fragments of its master state. */
  readonly times?: 'of-fragments';
  /** What the finished file's header gets to say of the picture. */
  readonly description?: PictureDescription;
}

/** Statements of a QuickTime or MP4 header that FFmpeg would leave out, or make from the bitstream. */
export interface PictureDescription {
  readonly color?: ContainerColor;
  /** In FFmpeg's two letters. */
  readonly fieldOrder?: string;
}

export type RecipeResult = { readonly kind: 'recipe'; readonly recipe: Recipe } | RefusedRecipe;

/** The profile cannot make an equal proxy of this asset; the master is served for this reason. */
export interface RefusedRecipe {
  readonly kind: 'refused';
  readonly code: string;
  readonly reason: string;
}

export interface RecipeInput {
  readonly media: MediaInfo;
  /** Extension of the master with the dot, in lower case. */
  readonly extension: string;
  readonly encoders: EncoderSet;
  /** The looks that a profile may ask for. */
  readonly looks?: Looks | undefined;
}
