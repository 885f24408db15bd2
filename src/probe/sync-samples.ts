/**
 * Which frames of an edited track programs read, and the marks of key frames that make them
 * read as many in a proxy. Pure.
 *
 * Where an edit begins between key frames, programs start at the one before and throw away what
 * they read until then; after its end they read on to the next. A proxy has key frames only, so
 * they would read fewer of it: the frames around the edit lose their marks.
 */

import { child } from './quicktime-boxes.js';
import type { Edit } from './quicktime-edits.js';
import type { QuickTimeTrack } from './quicktime-tracks.js';
import { storedTimes } from './sample-table.js';

/** Numbers of key frames from 0, of the body of a track; undefined where all are. */
export function readSyncSamples(track: Buffer): readonly number[] | undefined {
  const table = child(track, 'mdia', 'minf', 'stbl', 'stss');
  if (table === undefined || table.length < 8) return undefined;
  const count = Math.min(table.readUInt32BE(4), Math.floor((table.length - 8) / 4));
  return Array.from({ length: count }, (_, index) => table.readUInt32BE(8 + index * 4) - 1);
}

/** The body of an `stss` box. */
export function formatSyncSamples(samples: readonly number[]): Buffer {
  const table = Buffer.alloc(8 + samples.length * 4);
  table.writeUInt32BE(samples.length, 4);
  samples.forEach((sample, index) => {
    table.writeUInt32BE(sample + 1, 8 + index * 4);
  });
  return table;
}

/**
 * Key frames of a proxy that stores the frames of the track in the order of showing. Undefined
 * where no mark has to go: there is more than one edit, or it begins and ends at key frames.
 */
export function syncSamplesOfProxy(
  original: QuickTimeTrack,
  edits: readonly Edit[],
  keys: readonly number[] | undefined,
): readonly number[] | undefined {
  const [edit] = edits;
  const times = storedTimes(original);
  if (keys === undefined || times === undefined || edit === undefined) return undefined;
  if (edits.length > 1 || edit.mediaTime < 0) return undefined;
  const start = edit.mediaTime;
  const end = start + (edit.length / original.movieTimescale) * original.timescale;
  const { before, after } = readAround({ times, keys: new Set(keys), start, end });
  if (before === 0 && after === 0) return undefined;
  const sorted = [...times].sort((a, b) => a - b);
  const first = sorted.findIndex((time) => time >= start);
  const last = sorted.findLastIndex((time) => time < end);
  const isHidden = (at: number, from: number, to: number) => at > from && at <= to;
  // Up to the first frame that is shown; from the last one to the one before the end of the reading.
  const isUnmarked = (at: number) => isHidden(at, first - before, first) || isHidden(at, last - 1, last + after - 1);
  return sorted.flatMap((_, at) => (isUnmarked(at) ? [] : [at]));
}

interface Reading {
  /** In the order of decoding. */
  readonly times: readonly number[];
  readonly keys: ReadonlySet<number>;
  readonly start: number;
  readonly end: number;
}

/** How many hidden frames are read before and after the shown ones. */
function readAround({ times, keys, start, end }: Reading): { readonly before: number; readonly after: number } {
  const begin = times.findLastIndex((time, at) => keys.has(at) && time <= start);
  if (begin < 0) return { before: 0, after: 0 };
  const bounds = times.reduce(([least, most], time) => [Math.min(least, time), Math.max(most, time)] as const, [
    times[0] ?? 0,
    times[0] ?? 0,
  ] as const);
  const spacing = (bounds[1] - bounds[0]) / Math.max(1, times.length - 1);
  let [before, after] = [0, 0];
  for (let at = begin; at < times.length; at += 1) {
    const time = times[at] ?? 0;
    if (time < start) before += 1;
    else if (time >= end) after += 1;
    if (time + spacing >= end && keys.has(at)) break;
  }
  return { before, after };
}
