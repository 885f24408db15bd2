/**
 * The sample tables that lie in the fragments of a QuickTime or MP4 file, one track as a whole.
 *
 * Where a fragment begins later than the one before it ends, the last sample before the gap
 * lasts until then, as it would in a table of a header. Damaged or overlapping fragments
 * make the track unknown, never an exception.
 */

import type { FileHandle } from 'node:fs/promises';
import { child, children, readBoxes } from './quicktime-boxes.js';
import type { QuickTimeTrack } from './quicktime-tracks.js';

interface Building {
  samples: number;
  /** As runs. */
  readonly durations: { count: number; ticks: number }[];
  /** Decode time at the end of the last sample. */
  end: number | undefined;
}

/** The tracks of a fragmented movie with the samples of all fragments; without those that are unknown. */
export async function withFragments(
  file: FileHandle,
  movie: Buffer,
  tracks: readonly QuickTimeTrack[],
): Promise<readonly QuickTimeTrack[]> {
  const defaults = defaultDurations(movie);
  const tables = new Map<number, Building | undefined>();
  for await (const fragment of readBoxes(file, 'moof')) {
    for (const { type, body } of children(fragment)) {
      if (type === 'traf') addFragment(tables, body, defaults);
    }
  }
  return tracks.flatMap((track) => {
    const table = tables.get(track.id);
    // What the header lists itself comes before the fragments.
    return table === undefined || track.samples > 0
      ? []
      : [{ ...track, samples: table.samples, durations: table.durations }];
  });
}

/** By track. */
function defaultDurations(movie: Buffer): ReadonlyMap<number, number> {
  const entries = [...children(child(movie, 'mvex') ?? Buffer.alloc(0))].filter(({ type }) => type === 'trex');
  return new Map(
    entries.flatMap(({ body }) => (body.length < 16 ? [] : [[body.readUInt32BE(4), body.readUInt32BE(12)] as const])),
  );
}

function addFragment(
  tables: Map<number, Building | undefined>,
  fragment: Buffer,
  defaults: ReadonlyMap<number, number>,
): void {
  const header = child(fragment, 'tfhd');
  if (header === undefined || header.length < 8) return;
  const track = header.readUInt32BE(4);
  const table = tables.has(track) ? tables.get(track) : { samples: 0, durations: [], end: undefined };
  const usual = statedDuration(header) ?? defaults.get(track) ?? 0;
  const begin = decodeTime(child(fragment, 'tfdt'));
  const runs = [...children(fragment)].filter(({ type }) => type === 'trun');
  const isWhole =
    table !== undefined && beginAt(table, begin) && runs.every(({ body }) => addSamples(table, body, usual));
  tables.set(track, isWhole ? table : undefined);
}

const DURATION_FLAG = 0x08;

/** After the fields that the flags announce: an offset, and the number of a description. */
function statedDuration(header: Buffer): number | undefined {
  const flags = header.readUInt32BE(0) & 0xff_ffff;
  const at = 8 + ((flags & 0x01) === 0 ? 0 : 8) + ((flags & 0x02) === 0 ? 0 : 4);
  return (flags & DURATION_FLAG) === 0 || header.length < at + 4 ? undefined : header.readUInt32BE(at);
}

function decodeTime(time: Buffer | undefined): number | undefined {
  if (time === undefined || time.length < 8) return undefined;
  if (time[0] !== 1) return time.readUInt32BE(4);
  return time.length < 12 ? undefined : Number(time.readBigUInt64BE(4));
}

/** False where the fragment begins before the one before it ends. */
function beginAt(table: Building, begin: number | undefined): boolean {
  const gap = begin === undefined || table.end === undefined ? 0 : begin - table.end;
  if (gap < 0) return false;
  const last = gap > 0 ? table.durations.pop() : undefined;
  if (last !== undefined) {
    if (last.count > 1) table.durations.push({ ...last, count: last.count - 1 });
    table.durations.push({ count: 1, ticks: last.ticks + gap });
  }
  table.end = begin ?? table.end ?? 0;
  return true;
}

const [OFFSET, FIRST_FLAGS] = [0x1, 0x4];
const [DURATION, SIZE, FLAGS, COMPOSITION] = [0x100, 0x200, 0x400, 0x800];

function addSamples(table: Building, run: Buffer, usual: number): boolean {
  if (run.length < 8) return false;
  const flags = run.readUInt32BE(0) & 0xff_ffff;
  const count = run.readUInt32BE(4);
  const fields = (mask: readonly number[]) => mask.filter((flag) => (flags & flag) !== 0).length * 4;
  const [first, each] = [8 + fields([OFFSET, FIRST_FLAGS]), fields([DURATION, SIZE, FLAGS, COMPOSITION])];
  const ownDurations = (flags & DURATION) !== 0;
  if (ownDurations && run.length < first + count * each) return false;
  if (!ownDurations) addRun(table, count, usual);
  for (let index = 0; ownDurations && index < count; index++) addRun(table, 1, run.readUInt32BE(first + index * each));
  return true;
}

function addRun(table: Building, count: number, ticks: number): void {
  if (count === 0) return;
  table.samples += count;
  table.end = (table.end ?? 0) + count * ticks;
  const last = table.durations.at(-1);
  if (last?.ticks === ticks) last.count += count;
  else table.durations.push({ count, ticks });
}
