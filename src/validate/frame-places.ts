/** Where the frames of a clip are sought: by number at a constant rate, else by their listed times. Pure. */

import { add, divide, type Rational, rational, subtract, toNumber } from '../time/rational.js';

export interface FramePlaces {
  readonly frames: number;
  /** Seconds into the file as FFmpeg takes them, a little before the frame, so that rounding never skips it. */
  seek(frame: number): string;
}

/** `lead`: seconds from the beginning of the file to its first picture. */
export function placesAtRate(frames: number, rate: Rational, lead: Rational): FramePlaces {
  return {
    frames,
    seek: (frame) => seconds(toNumber(add(lead, divide(rational(4 * frame - 1, 4), rate)))),
  };
}

/** `ticks`: the times of all shown frames, sorted; `origin`: the time at which the file begins, in seconds. */
export function placesAtTimes(ticks: readonly number[], clock: number, origin: Rational): FramePlaces {
  const at = (frame: number) => toNumber(subtract(rational(ticks[frame] ?? 0, clock), origin));
  return {
    frames: ticks.length,
    seek: (frame) => seconds(frame === 0 ? at(0) - 1 / clock : at(frame) - (at(frame) - at(frame - 1)) / 4),
  };
}

const seconds = (value: number): string => Math.max(0, value).toFixed(6);
