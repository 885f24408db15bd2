/**
 * Where the frames of a proxy lie: at the master's exact rate, beginning as far after the
 * earliest sound as the master's own; or, where no rate describes them, each at the
 * master's own time. Pure.
 */

import type { AudioStream, VideoStream } from '../probe/media-info.js';
import type { OwnTimes } from '../probe/own-times.js';
import { compare, formatRational, multiply, type Rational, rational, subtract, toNumber } from '../time/rational.js';
import { type ConstantRate, type MasterTimes, option, Refusal, type Timing } from './plan.js';
import type { RecipeArgument } from './recipe.js';

/** ffprobe rounds start times to microseconds and movie headers to milliseconds. */
const WHOLE_FRAME_TOLERANCE = 0.1;
/** Fine enough for any start; the rate's own numerator keeps the frames exact. */
const FINEST = 90_000n;

interface TimedMaster {
  readonly video: VideoStream;
  readonly audio: readonly AudioStream[];
  readonly rate: Rational;
  readonly muxer: 'mov' | 'mp4' | 'mxf';
  /** Every sound is copied packet by packet. */
  readonly copiesAudio: boolean;
}

export function timingOf(master: TimedMaster): Timing {
  const { ownTimes } = master.video;
  return ownTimes === undefined ? constantRate(master) : masterTimes(master, ownTimes);
}

function constantRate({ video, audio, rate, muxer }: TimedMaster): ConstantRate {
  const lead = leadOf(video, audio);
  const frames = toNumber(multiply(lead, rate));
  const whole = Math.round(frames);
  if (Math.abs(frames - whole) <= WHOLE_FRAME_TOLERANCE) {
    return { kind: 'constant-rate', clock: rate, ticksPerFrame: 1n, firstTick: BigInt(whole), fine: false };
  }
  if (muxer === 'mxf') {
    throw new Refusal(
      'stream-start',
      `picture and sound begin ${frames.toFixed(2)} frames apart; MXF has whole frames`,
    );
  }
  const times = (FINEST + rate.num - 1n) / rate.num;
  const clock = rational(rate.num * times);
  const firstTick = nearestTick(lead, clock);
  return { kind: 'constant-rate', clock, ticksPerFrame: rate.den * times, firstTick, fine: true };
}

function masterTimes({ video, audio, muxer, copiesAudio }: TimedMaster, times: OwnTimes): MasterTimes {
  const { frames = 0, hiddenFrames = 0 } = video;
  if (muxer === 'mxf')
    throw new Refusal('frame-rate', 'its frames keep no constant rate, and MXF can state nothing else');
  const isEdited = hiddenFrames > 0;
  const editLists = isEdited || times.counted !== undefined;
  const what = isEdited ? 'an edit list trims it' : 'its header counts less time than its frames take';
  if (isEdited && times.stored === undefined) {
    throw new Refusal('hidden-frames', `${what}, and its frames lie in fragments that no list describes`);
  }
  if (editLists && !copiesAudio) {
    throw new Refusal('hidden-frames', `${what}, and its sound cannot be copied packet by packet`);
  }
  if (isEdited && times.counted !== undefined) {
    throw new Refusal('hidden-frames', `${what}, and frames are missing: programs would show others at its beginning`);
  }
  // With the edit lists of the master everything is written as it is stored, from its first tick.
  const firstTick = editLists ? 0n : nearestTick(leadOf(video, audio), rational(times.clock));
  return { kind: 'master-times', times, firstTick, stored: times.stored ?? frames, editLists };
}

function nearestTick(seconds: Rational, clock: Rational): bigint {
  const exact = multiply(seconds, clock);
  return (exact.num * 2n + exact.den) / (exact.den * 2n);
}

function leadOf(video: VideoStream, audio: readonly AudioStream[]): Rational {
  const starts = [video, ...audio].map((stream) => stream.startTime ?? rational(0));
  const earliest = starts.reduce((least, next) => (compare(next, least) < 0 ? next : least));
  return subtract(video.startTime ?? rational(0), earliest);
}

/** Before `-i`. */
export function timingInput(timing: Timing, rate: Rational): RecipeArgument[] {
  if (timing.kind === 'constant-rate') {
    return [option('the exact rate that the frames keep', '-r', `${rate.num}/${rate.den}`)];
  }
  if (!timing.editLists) return [];
  return [option("every stored frame: the master's own edit list hides the same ones", '-ignore_editlist', '1')];
}

/** The filters that give each frame its time. */
export function timingFilters(timing: Timing): string[] {
  const { firstTick } = timing;
  const from = firstTick === 0n ? '' : `+${firstTick}`;
  if (timing.kind === 'master-times') return [`settb=1/${timing.times.clock}`, `setpts=PTS-STARTPTS${from}`];
  const { clock, ticksPerFrame } = timing;
  const frame = ticksPerFrame === 1n ? 'N' : `N*${ticksPerFrame}`;
  return [`settb=${formatRational({ num: clock.den, den: clock.num })}`, `setpts=${frame}${from}`];
}

export function timingArguments(timing: Timing): RecipeArgument[] {
  if (timing.kind === 'master-times') return clockArguments("the master's clock", String(timing.times.clock));
  const why = 'the picture begins a part of a frame after the sound, as in the master';
  return timing.fine ? clockArguments(why, String(timing.clock.num)) : [];
}

function clockArguments(why: string, ticks: string): RecipeArgument[] {
  return [option(why, '-enc_time_base', `1:${ticks}`, '-video_track_timescale', ticks)];
}

/** The bitstream filter that gives the last frame its length: all others last until the next. */
export function lastFrameFilter(timing: Timing): string | undefined {
  if (timing.kind === 'constant-rate') return undefined;
  return `setts=duration=if(eq(N\\,${timing.stored - 1})\\,${timing.times.last}\\,DURATION)`;
}
