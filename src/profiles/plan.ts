/** What the builders of a recipe share: the chosen streams and a way to refuse. Pure. */

import type { Look } from '../looks/look.js';
import type { AudioStream, VideoStream } from '../probe/media-info.js';
import type { OwnTimes } from '../probe/own-times.js';
import type { Rational } from '../time/rational.js';
import type { Dimensions } from './picture-size.js';
import type { ProfileTarget } from './profiles.js';
import type { EncoderSet, RecipeArgument } from './recipe.js';

export type Timing = ConstantRate | MasterTimes;

/** Every frame keeps the time that it has in the master. */
export interface MasterTimes {
  readonly kind: 'master-times';
  readonly times: OwnTimes;
  /** Ticks from the beginning of the file to the first frame. */
  readonly firstTick: bigint;
  readonly stored: number;
  /** All stored frames and sounds are made, and the master's edit lists choose among them. */
  readonly editLists: boolean;
}

/** Frames follow each other at one rate. */
export interface ConstantRate {
  readonly kind: 'constant-rate';
  /** Ticks a second. */
  readonly clock: Rational;
  readonly ticksPerFrame: bigint;
  readonly firstTick: bigint;
  /** The clock counts parts of a frame, so encoder and muxer have to be told. */
  readonly fine: boolean;
}

export interface Plan {
  readonly target: ProfileTarget;
  /** The master lies in a container of another family. */
  readonly crossesContainers: boolean;
  readonly encoders: EncoderSet;
  /** What is applied to the picture. */
  readonly look: Look | undefined;
  readonly video: VideoStream;
  /** The picture of the proxy: the master's, or that through a whole number. */
  readonly picture: Dimensions;
  readonly audio: readonly AudioStream[];
  readonly rate: Rational;
  readonly frames: number;
  readonly timing: Timing;
  /** Pictures that are cover art, as far as the container holds any. */
  readonly cover: readonly VideoStream[];
  readonly tags: Readonly<Record<string, string>>;
  readonly movieTimescale: number | undefined;
  /** The finished file gets the lengths that the master's fragments state. */
  readonly copiesFragments: boolean;
  readonly timecode: string | undefined;
  readonly reel: string | undefined;
}

/** Thrown by builders, caught by `resolveRecipe` alone: the asset is served as master for this reason. */
export class Refusal {
  constructor(
    readonly code: string,
    readonly reason: string,
  ) {}
}

export function option(why: string, ...words: string[]): RecipeArgument {
  return { words, why };
}

/** The finished file gets the edit lists of its master. */
export const copiesEditLists = ({ timing }: Plan): boolean => timing.kind === 'master-times' && timing.editLists;
