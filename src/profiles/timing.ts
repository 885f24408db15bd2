/**
 * Where the frames of a proxy lie: at the master's exact rate, beginning as far after the
 * earliest sound as the master's own. Pure.
 */

import type { AudioStream, VideoStream } from '../probe/media-info.js';
import { compare, formatRational, multiply, type Rational, rational, subtract, toNumber } from '../time/rational.js';
import { option, Refusal, type Timing } from './plan.js';
import type { RecipeArgument } from './recipe.js';

/** ffprobe rounds start times to microseconds and movie headers to milliseconds. */
const WHOLE_FRAME_TOLERANCE = 0.1;
/** Fine enough for any start; the rate's own numerator keeps the frames exact. */
const FINEST = 90_000n;

export function timingOf(
  video: VideoStream,
  audio: readonly AudioStream[],
  rate: Rational,
  muxer: 'mov' | 'mp4' | 'mxf',
): Timing {
  const lead = leadOf(video, audio);
  const frames = toNumber(multiply(lead, rate));
  const whole = Math.round(frames);
  if (Math.abs(frames - whole) <= WHOLE_FRAME_TOLERANCE) {
    return { clock: rate, ticksPerFrame: 1n, firstTick: BigInt(whole), fine: false };
  }
  if (muxer === 'mxf') {
    throw new Refusal(
      'stream-start',
      `picture and sound begin ${frames.toFixed(2)} frames apart; MXF has whole frames`,
    );
  }
  const times = (FINEST + rate.num - 1n) / rate.num;
  const clock = rational(rate.num * times);
  const first = multiply(lead, clock);
  const firstTick = (first.num * 2n + first.den) / (first.den * 2n);
  return { clock, ticksPerFrame: rate.den * times, firstTick, fine: true };
}

function leadOf(video: VideoStream, audio: readonly AudioStream[]): Rational {
  const starts = [video, ...audio].map((stream) => stream.startTime ?? rational(0));
  const earliest = starts.reduce((least, next) => (compare(next, least) < 0 ? next : least));
  return subtract(video.startTime ?? rational(0), earliest);
}

/** The filters that number the frames. */
export function timingFilters({ clock, ticksPerFrame, firstTick }: Timing): string[] {
  const frame = ticksPerFrame === 1n ? 'N' : `N*${ticksPerFrame}`;
  const base = formatRational({ num: clock.den, den: clock.num });
  return [`settb=${base}`, `setpts=${firstTick === 0n ? frame : `${frame}+${firstTick}`}`];
}

export function timingArguments({ clock, fine }: Timing): RecipeArgument[] {
  if (!fine) return [];
  const why = 'the picture begins a part of a frame after the sound, as in the master';
  return [option(why, '-enc_time_base', `1:${clock.num}`, '-video_track_timescale', String(clock.num))];
}
