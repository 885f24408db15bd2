/**
 * What the sample tables of a QuickTime or MP4 movie header say of each track.
 * Pure functions of the header's bytes; a table that is cut short makes the track unknown.
 */

import { chunkOffsets, endOfSamples } from './chunk-table.js';
import { liesElsewhere } from './data-reference.js';
import type { ContainerColor } from './media-info.js';
import { type Box, child, children } from './quicktime-boxes.js';
import { readContainerColor } from './quicktime-color.js';

export interface QuickTimeTrack {
  readonly id: number;
  /** `vide`, `soun`, `tmcd`, ... */
  readonly handler: string;
  /** Ticks per second of the times below. */
  readonly timescale: number;
  readonly samples: number;
  /** Decode durations as runs. */
  readonly durations: readonly { readonly count: number; readonly ticks: number }[];
  /** Composition offsets as runs; empty when decode order is display order. */
  readonly offsets: readonly { readonly count: number; readonly ticks: number }[];
  /** Edits with a media time; times in ticks of the track, lengths in ticks of the movie. */
  readonly edits: readonly { readonly length: number; readonly mediaTime: number }[];
  readonly movieTimescale: number;
  readonly timecode: TimecodeDescription | undefined;
  /** As its user data names it, which FFmpeg writes and does not read. */
  readonly title: string | undefined;
  /** Of a picture. */
  readonly color: ContainerColor | undefined;
  /** How long the file must be for all samples to be in it; 0 when there are none. */
  readonly endsAt: number;
  /** The samples lie in another file. */
  readonly elsewhere: boolean;
}

export interface TimecodeDescription {
  readonly dropFrame: boolean;
  readonly timescale: number;
  readonly frameDuration: number;
  readonly framesPerSecond: number;
  /** Where the first sample lies in the file: a frame number in 32 bits, big-endian. */
  readonly sampleAt: number;
}

export function readTracks(movie: Buffer): QuickTimeTrack[] {
  const movieTimescale = movieTimescaleOf(movie);
  if (movieTimescale === undefined) return [];
  const tracks: QuickTimeTrack[] = [];
  for (const box of children(movie)) {
    const track = box.type === 'trak' ? readTrack(box, movieTimescale) : undefined;
    if (track !== undefined) tracks.push(track);
  }
  return tracks;
}

/** Ticks a second of the header itself. */
export const movieTimescaleOf = (movie: Buffer): number | undefined => readTimescale(child(movie, 'mvhd'));

export function readTrack(box: Box, movieTimescale: number): QuickTimeTrack | undefined {
  const timescale = readTimescale(child(box.body, 'mdia', 'mdhd'));
  const handler = child(box.body, 'mdia', 'hdlr')?.toString('latin1', 8, 12);
  const table = child(box.body, 'mdia', 'minf', 'stbl');
  const sizes = table === undefined ? undefined : (child(table, 'stsz') ?? child(table, 'stz2'));
  if (timescale === undefined || handler === undefined || table === undefined) return undefined;
  return {
    id: readId(child(box.body, 'tkhd')),
    handler,
    timescale,
    movieTimescale,
    samples: sizes !== undefined && sizes.length >= 12 ? sizes.readUInt32BE(8) : 0,
    durations: readRuns(child(table, 'stts')),
    offsets: readRuns(child(table, 'ctts')),
    edits: readEdits(child(box.body, 'edts', 'elst')),
    timecode: handler === 'tmcd' ? readTimecode(table) : undefined,
    color: handler === 'vide' ? readContainerColor(table) : undefined,
    title: readTitle(child(box.body, 'udta', 'name')),
    endsAt: endOfSamples(table),
    elsewhere: liesElsewhere(child(box.body, 'mdia', 'minf') ?? Buffer.alloc(0)),
  };
}

/** After version and dates; 0 is no track's. */
function readId(header: Buffer | undefined): number {
  const at = header?.[0] === 1 ? 20 : 12;
  return header === undefined || header.length < at + 4 ? 0 : header.readUInt32BE(at);
}

function readTimescale(header: Buffer | undefined): number | undefined {
  if (header === undefined || header.length < 24) return undefined;
  const value = header.readUInt32BE(header[0] === 1 ? 20 : 12);
  return value === 0 ? undefined : value;
}

function readRuns(table: Buffer | undefined): { count: number; ticks: number }[] {
  if (table === undefined || table.length < 8) return [];
  const length = Math.min(table.readUInt32BE(4), Math.floor((table.length - 8) / 8));
  // Offsets are signed in version 1, and in practice also where the version says 0; durations are small.
  return Array.from({ length }, (_, index) => ({
    count: table.readUInt32BE(8 + index * 8),
    ticks: table.readInt32BE(12 + index * 8),
  }));
}

/** The body of an `stts` or `ctts` box; equal neighbours become one run. */
export function formatRuns(runs: QuickTimeTrack['durations']): Buffer {
  const merged: { count: number; ticks: number }[] = [];
  for (const { count, ticks } of runs) {
    const last = merged.at(-1);
    if (last?.ticks === ticks) last.count += count;
    else merged.push({ count, ticks });
  }
  const table = Buffer.alloc(8 + merged.length * 8);
  // Version 1 has signed offsets.
  table.writeUInt8(merged.some(({ ticks }) => ticks < 0) ? 1 : 0, 0);
  table.writeUInt32BE(merged.length, 4);
  merged.forEach(({ count, ticks }, index) => {
    table.writeUInt32BE(count, 8 + index * 8);
    table.writeInt32BE(ticks, 12 + index * 8);
  });
  return table;
}

function readEdits(list: Buffer | undefined): { length: number; mediaTime: number }[] {
  if (list === undefined || list.length < 8) return [];
  const wide = list[0] === 1;
  const size = wide ? 20 : 12;
  const length = Math.min(list.readUInt32BE(4), Math.floor((list.length - 8) / size));
  const edits = Array.from({ length }, (_, index) => {
    const at = 8 + index * size;
    return wide
      ? { length: Number(list.readBigUInt64BE(at)), mediaTime: Number(list.readBigInt64BE(at + 8)) }
      : { length: list.readUInt32BE(at), mediaTime: list.readInt32BE(at + 4) };
  });
  // A media time of -1 is a pause before the track, not a part of it.
  return edits.filter((edit) => edit.mediaTime >= 0);
}

const DROP_FRAME_FLAG = 1;

function readTimecode(table: Buffer): TimecodeDescription | undefined {
  const entry = child(table, 'stsd')?.subarray(8);
  const sampleAt = firstChunk(table);
  if (entry === undefined || entry.length < 33 || sampleAt === undefined) return undefined;
  const description = {
    dropFrame: (entry.readUInt32BE(20) & DROP_FRAME_FLAG) !== 0,
    timescale: entry.readUInt32BE(24),
    frameDuration: entry.readUInt32BE(28),
    framesPerSecond: entry.readUInt8(32),
    sampleAt,
  };
  return description.timescale === 0 || description.frameDuration === 0 ? undefined : description;
}

function readTitle(name: Buffer | undefined): string | undefined {
  const text = name?.toString('utf8').replace(/^\0+|\0+$/g, '');
  return text === '' ? undefined : text;
}

function firstChunk(table: Buffer): number | undefined {
  return chunkOffsets(table)[0];
}
