/** Where a clip is divided. Frames are counted; times follow from them exactly. Pure. */

import { divide, type Rational, rational, toNumber } from '../time/rational.js';

export interface Segment {
  readonly index: number;
  /** The first frame, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

/** Even, so that every segment begins where the encoder counts even. */
export function framesPerSegment(seconds: number, rate: Rational): number {
  return Math.max(2, 2 * Math.ceil((seconds * toNumber(rate)) / 2));
}

/**
 * Cuts lie at fixed frames, whatever the length of the clip: those of a clip that has grown are
 * where they were. The last segment may be short.
 */
export function segmentsOf(frames: number, length: number): readonly Segment[] {
  return Array.from({ length: Math.ceil(frames / length) }, (_, index) => {
    const from = index * length;
    return { index, from, to: Math.min(frames, from + length) };
  });
}

/** Segments that follow each other without a gap. */
export function rowsOf(segments: readonly Segment[]): readonly (readonly Segment[])[] {
  const rows: Segment[][] = [];
  for (const segment of segments) {
    const row = rows.at(-1);
    if (row?.at(-1)?.to === segment.from) row.push(segment);
    else rows.push([segment]);
  }
  return rows;
}

/** The time of a frame in whole microseconds, rounded up: what is sought from there begins with it. */
export function microsecondsAt(frame: number, rate: Rational): number {
  const exact = divide(rational(BigInt(frame) * 1_000_000n), rate);
  return Number((exact.num + exact.den - 1n) / exact.den);
}
