/** Edit lists of QuickTime and MP4 tracks: read, written, and carried to a track of another clock. Pure. */

import { child } from './quicktime-boxes.js';
import type { QuickTimeTrack } from './quicktime-tracks.js';

export interface Edit {
  /** Ticks of the movie. */
  readonly length: number;
  /** Ticks of the track, in the order of showing; -1 is a pause. */
  readonly mediaTime: number;
  /** Speed in 16.16 fixed point. */
  readonly rate: number;
}

const PAUSE = -1;
const NORMAL_SPEED = 0x10000;

/** Of the body of a track; empty where it has no edit list. */
export function parseEdits(track: Buffer): Edit[] {
  const list = child(track, 'edts', 'elst');
  if (list === undefined || list.length < 8) return [];
  const wide = list[0] === 1;
  const size = wide ? 20 : 12;
  const count = Math.min(list.readUInt32BE(4), Math.floor((list.length - 8) / size));
  return Array.from({ length: count }, (_, index) => {
    const at = 8 + index * size;
    return wide
      ? {
          length: Number(list.readBigUInt64BE(at)),
          mediaTime: Number(list.readBigInt64BE(at + 8)),
          rate: list.readUInt32BE(at + 16),
        }
      : { length: list.readUInt32BE(at), mediaTime: list.readInt32BE(at + 4), rate: list.readUInt32BE(at + 8) };
  });
}

/** The body of an `elst` box. */
export function formatEdits(edits: readonly Edit[]): Buffer {
  const wide = edits.some(({ length, mediaTime }) => length > 0xffff_ffff || mediaTime > 0x7fff_ffff);
  const size = wide ? 20 : 12;
  const list = Buffer.alloc(8 + edits.length * size);
  list.writeUInt8(wide ? 1 : 0, 0);
  list.writeUInt32BE(edits.length, 4);
  edits.forEach(({ length, mediaTime, rate }, index) => {
    const at = 8 + index * size;
    if (wide) {
      list.writeBigUInt64BE(BigInt(length), at);
      list.writeBigInt64BE(BigInt(mediaTime), at + 8);
    } else {
      list.writeUInt32BE(length, at);
      list.writeInt32BE(mediaTime, at + 4);
    }
    list.writeUInt32BE(rate, at + size - 4);
  });
  return list;
}

/**
 * The same choice on another track, whose first frame lies at 0: there, decoding and showing
 * are in one order. Where an edit begins before the first frame there is a pause until it.
 */
export function translateEdits(edits: readonly Edit[], from: QuickTimeTrack, to: QuickTimeTrack): Edit[] {
  const first = firstTime(from);
  const movie = to.movieTimescale / from.movieTimescale;
  const inMovie = to.movieTimescale / from.timescale;
  return edits.flatMap(({ length, mediaTime, rate }) => {
    const whole = Math.round(length * movie);
    if (mediaTime < 0) return [{ length: whole, mediaTime: PAUSE, rate }];
    const start = mediaTime - first;
    if (start >= 0) return [{ length: whole, mediaTime: Math.round((start * to.timescale) / from.timescale), rate }];
    const pause = Math.min(whole, Math.round(-start * inMovie));
    const rest = { length: whole - pause, mediaTime: 0, rate };
    return pause === 0 ? [rest] : [{ length: pause, mediaTime: PAUSE, rate: NORMAL_SPEED }, rest];
  });
}

/** When the frame that is shown first is shown, in ticks of the track. */
function firstTime({ offsets, durations }: QuickTimeTrack): number {
  if (offsets.length === 0) return 0;
  let [least, decode, run, left] = [Number.POSITIVE_INFINITY, 0, 0, durations[0]?.count ?? 0];
  for (const offset of offsets) {
    for (let index = 0; index < offset.count; index++) {
      least = Math.min(least, decode + offset.ticks);
      while (left === 0 && run < durations.length) left = durations[++run]?.count ?? 0;
      decode += durations[run]?.ticks ?? 0;
      left -= 1;
    }
  }
  return Number.isFinite(least) ? least : 0;
}
