/**
 * A parsed table as FFmpeg reads it without a doubt: no comments, one notation of numbers,
 * and input values from 0 to 1. Equal tables give equal text, whatever wrote them. Pure.
 */

import type { Cube, Triple } from './parse-cube.js';

export interface PlainCube {
  readonly table: string;
  /** A one-dimensional table that brings 0 to 1 into the domain of `table`. */
  readonly shaper: string | undefined;
}

/** Fine enough for 16 bits. */
const FINEST = 65_536;

export function plainCube(cube: Cube): PlainCube {
  const { kind, size, domain, values } = cube;
  const isPlain = domain.min.every((low) => low === 0) && domain.max.every((high) => high === 1);
  if (isPlain) return { table: textOf(kind, size, values), shaper: undefined };
  const place = (input: number, channel: number) => placeIn(domain, input, channel);
  if (kind === '3d') return { table: textOf(kind, size, values), shaper: shaperOf(domain, place) };
  const resampled = rows(FINEST, (input, channel) => sample(cube, place(input, channel), channel));
  return { table: textOf('1d', FINEST, resampled), shaper: undefined };
}

type Place = (input: number, channel: number) => number;

/** Where a value lies between the ends of the domain; outside of it the ends count. */
function placeIn({ min, max }: Cube['domain'], input: number, channel: number): number {
  const [low, high] = [min[channel] ?? 0, max[channel] ?? 1];
  return Math.min(1, Math.max(0, (input - low) / (high - low)));
}

function shaperOf({ min, max }: { readonly min: Triple; readonly max: Triple }, place: Place): string {
  // A domain that holds 0 to 1 makes a straight line.
  const size = min.every((low) => low <= 0) && max.every((high) => high >= 1) ? 2 : FINEST;
  return textOf('1d', size, rows(size, place));
}

function sample({ size, values }: Cube, place: number, channel: number): number {
  const at = place * (size - 1);
  const first = Math.min(size - 2, Math.floor(at));
  const [a, b] = [values[3 * first + channel] ?? 0, values[3 * (first + 1) + channel] ?? 0];
  return a + (b - a) * (at - first);
}

function rows(size: number, value: Place): Float64Array {
  return Float64Array.from({ length: 3 * size }, (_, at) => value(Math.floor(at / 3) / (size - 1), at % 3));
}

function textOf(kind: '1d' | '3d', size: number, values: Float64Array): string {
  const lines = [`LUT_${kind.toUpperCase()}_SIZE ${size}`];
  for (let at = 0; at < values.length; at += 3) {
    lines.push([values[at], values[at + 1], values[at + 2]].map((value) => (value ?? 0).toFixed(8)).join(' '));
  }
  return `${lines.join('\n')}\n`;
}
