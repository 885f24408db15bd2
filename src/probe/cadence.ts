/**
 * Whether the frames of a stream keep an exact rate, from their presentation times. Pure.
 *
 * A rate in the header is a claim: phones write 30 and record what the sensor gave.
 * The frames keep a rate when each lies where its number says, to the rounding of the
 * file's time base (milliseconds in some containers, 1/600 s from some cameras).
 */

import { divide, type Rational, rational, toNumber } from '../time/rational.js';

export interface PacketTimes {
  /** Seconds per tick. */
  readonly timeBase: Rational;
  /** Presentation times in ticks, in any order; without the packets that an edit list hides. */
  readonly ticks: readonly number[];
  /** Packets of the file that an edit list hides. */
  readonly hidden: number;
}

export interface Cadence {
  readonly frames: number;
  readonly hidden: number;
  /** The candidate that all frames keep; undefined: variable frame rate. */
  readonly rate: Rational | undefined;
}

/** Share of a frame that a time may be off, however fine the time base. */
const JITTER = 0.02;

export function measureCadence(times: PacketTimes, candidates: readonly (Rational | undefined)[]): Cadence {
  const ticks = Float64Array.from(times.ticks).sort();
  const rate = candidates.find((candidate) => candidate !== undefined && keepsRate(ticks, times.timeBase, candidate));
  return { frames: ticks.length, hidden: times.hidden, rate };
}

function keepsRate(sorted: Float64Array, timeBase: Rational, rate: Rational): boolean {
  const perFrame = toNumber(divide(rational(rate.den, rate.num), timeBase));
  // Where a frame is a whole number of ticks nothing is rounded, else every time may be off by one tick.
  const rounding = Number.isInteger(perFrame) ? 0 : 1.01;
  const tolerance = Math.max(rounding, JITTER * perFrame);
  if (tolerance >= perFrame / 2) return false;
  const first = sorted[0] ?? 0;
  return sorted.every((tick, index) => Math.abs(tick - first - index * perFrame) <= tolerance);
}

/** Lines of `pts,flags` from ffprobe's compact packet listing; `N/A` times make the cadence unknown. */
export function parsePacketLines(text: string): {
  readonly ticks: number[];
  readonly hidden: number;
  readonly untimed: number;
} {
  const ticks: number[] = [];
  let [hidden, untimed] = [0, 0];
  for (const line of text.split('\n')) {
    const match = /^(-?\d+|N\/A),(\S+)/.exec(line);
    if (match === null) continue;
    if (match[2]?.includes('D')) hidden++;
    else if (match[1] === 'N/A') untimed++;
    else ticks.push(Number(match[1]));
  }
  return { ticks, hidden, untimed };
}
