/**
 * Whether the frames of a stream keep an exact rate, from their presentation times. Pure.
 *
 * A rate in the header is a claim: phones write 30 and record what the sensor gave.
 * The frames keep a rate when each lies where its number says, to the rounding of the
 * file's time base (milliseconds in some containers, 1/600 s from some cameras).
 */

import { divide, type Rational, rational, toNumber } from '../time/rational.js';

/** Share of a frame that a time may be off, however fine the time base. */
const JITTER = 0.02;

/**
 * The candidate that all frames keep; undefined: variable frame rate. `times` are presentation
 * times in ticks of `timeBase` seconds, in any order, without the packets that an edit list hides.
 */
export function measureCadence(
  times: readonly number[],
  timeBase: Rational,
  candidates: readonly (Rational | undefined)[],
): Rational | undefined {
  const ticks = Float64Array.from(times).sort();
  return candidates.find((candidate) => candidate !== undefined && keepsRate(ticks, timeBase, candidate));
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

export interface PacketList {
  /** Times of the packets that are shown, and of those that an edit list hides. */
  readonly shown: number[];
  readonly hidden: number[];
  /** Packets without a time. */
  readonly untimed: number;
}

/** Lines of `pts,flags` from ffprobe's compact packet listing; `N/A` times make the cadence unknown. */
export function parsePacketLines(text: string): PacketList {
  const [shown, hidden]: [number[], number[]] = [[], []];
  let untimed = 0;
  for (const line of text.split('\n')) {
    const match = /^(-?\d+|N\/A),(\S+)/.exec(line);
    if (match === null) continue;
    if (match[1] === 'N/A') untimed++;
    else (match[2]?.includes('D') ? hidden : shown).push(Number(match[1]));
  }
  return { shown, hidden, untimed };
}
