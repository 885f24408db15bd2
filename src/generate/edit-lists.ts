/**
 * Gives a finished QuickTime or MP4 file the edit lists of its master.
 *
 * An edit list says which part of the stored frames and sounds is shown, and when. Editors
 * differ in what they make of it, so the proxy stores the same frames and sounds as its
 * master and chooses among them by the same list: whoever ignores it sees the same in both.
 */

import { open } from 'node:fs/promises';
import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { type Box, children, type MovieHeader, makeBox, readMovieHeader } from '../probe/quicktime-boxes.js';
import { type Edit, formatEdits, parseEdits, translateEdits } from '../probe/quicktime-edits.js';
import { formatRuns, movieTimescaleOf, type QuickTimeTrack, readTrack } from '../probe/quicktime-tracks.js';
import { lengthOfTrack, storedTimes } from '../probe/sample-table.js';
import { formatSyncSamples, readSyncSamples, syncSamplesOfProxy } from '../probe/sync-samples.js';
import { replaceBox, rewriteHeader } from './rewrite-header.js';

/** Tracks that a proxy has in common with its master; each kind in file order. */
const SHARED = ['vide', 'soun', 'tmcd'];

/** Throws 'pool/damaged' where the tracks do not store the same number of samples. */
export async function copyEditLists(proxy: RealPath, master: RealPath): Promise<void> {
  const originals = tracksOf(await headerOf(master));
  await rewriteHeader(proxy, (header) => rewritten(header, originals));
}

async function headerOf(path: RealPath): Promise<MovieHeader> {
  const file = await open(path, 'r');
  try {
    const header = await readMovieHeader(file);
    if (header === undefined) throw damaged(`${path} has no movie header`);
    return header;
  } finally {
    await file.close();
  }
}

interface NamedTrack extends QuickTimeTrack {
  /** `vide 0`, `soun 1`: kind and number. */
  readonly name: string;
  readonly box: Box;
}

function tracksOf({ body }: MovieHeader): NamedTrack[] {
  const timescale = movieTimescaleOf(body);
  const numbers = new Map<string, number>();
  const tracks: NamedTrack[] = [];
  for (const box of children(body)) {
    const track = box.type === 'trak' && timescale !== undefined ? readTrack(box, timescale) : undefined;
    if (track === undefined) continue;
    const number = numbers.get(track.handler) ?? 0;
    numbers.set(track.handler, number + 1);
    tracks.push({ ...track, box, name: `${track.handler} ${number}` });
  }
  return tracks;
}

/** The parts of the movie header, each shared track with the edits of its original. */
function rewritten(header: MovieHeader, originals: readonly NamedTrack[]): Buffer[] {
  const tracks = tracksOf(header);
  return [...children(header.body)].map((box) => {
    const track = tracks.find((candidate) => sameBytes(candidate.box.body, box.body));
    const original = originals.find(({ name }) => name === track?.name);
    if (track === undefined || original === undefined || !SHARED.includes(track.handler))
      return makeBox(box.type, box.body);
    if (track.samples !== original.samples) {
      const [made, stored] = [track.samples, original.samples];
      const why = 'the others need what the edit cut away to be decoded';
      throw damaged(`the master stores ${stored} samples in track ${track.name}, and ${made} came out: ${why}`);
    }
    return rewrittenTrack(track, original);
  });
}

/** Views of the same place in the header. */
const sameBytes = (a: Buffer, b: Buffer): boolean => a.buffer === b.buffer && a.byteOffset === b.byteOffset;

function rewrittenTrack(track: NamedTrack, original: NamedTrack): Buffer {
  const list = parseEdits(original.box.body);
  const edits = translateEdits(list, original, track);
  const keys =
    track.handler === 'vide' ? syncSamplesOfProxy(original, list, readSyncSamples(original.box.body)) : undefined;
  const own = withTimesOf(original, track);
  const body = keys === undefined ? own : replaceBox(own, SAMPLE_TABLE, (table) => withSyncSamples(table, keys));
  const parts = [...children(body)].filter(({ type }) => type !== 'edts');
  return makeBox(
    'trak',
    ...parts.flatMap(({ type, body }) => {
      if (type !== 'tkhd' || edits.length === 0) return [makeBox(type, body)];
      return [makeBox(type, withLength(body, edits)), makeBox('edts', makeBox('elst', formatEdits(edits)))];
    }),
  );
}

/**
 * Where frames are missing the header of the master counts less time than they take, and programs go by it: the
 * frames are to be decoded at the same distances as there, and shown when they are.
 */
function withTimesOf(original: NamedTrack, track: NamedTrack): Buffer {
  const { body } = track.box;
  const shown = storedTimes(track);
  const isSpaced = lengthOfTrack(original) === lengthOfTrack(track) || original.timescale !== track.timescale;
  if (track.handler !== 'vide' || isSpaced || shown === undefined) return body;
  const decoded = storedTimes({ ...original, offsets: [] }) ?? [];
  const offsets = shown.map((time, frame) => ({ count: 1, ticks: time - (decoded[frame] ?? 0) }));
  // FFmpeg moves everything where a frame is shown before it is decoded, and then applies the edits elsewhere.
  if (offsets.some(({ ticks }) => ticks < 0)) throw damaged('frames would be shown before the master decodes them');
  return replaceBox(body, SAMPLE_TABLE, (table) => {
    const others = [...children(table)].filter(({ type }) => type !== 'stts' && type !== 'ctts');
    const parts = others.map((box) => makeBox(box.type, box.body));
    return Buffer.concat([
      ...parts,
      makeBox('stts', formatRuns(original.durations)),
      makeBox('ctts', formatRuns(offsets)),
    ]);
  });
}

const SAMPLE_TABLE: readonly string[] = ['mdia', 'minf', 'stbl'];

/** The sample table with another list of key frames. */
function withSyncSamples(table: Buffer, keys: readonly number[]): Buffer {
  const others = [...children(table)].filter(({ type }) => type !== 'stss').map((box) => makeBox(box.type, box.body));
  return Buffer.concat([...others, makeBox('stss', formatSyncSamples(keys))]);
}

/** A track header states how long its edits are, in ticks of the movie. */
function withLength(trackHeader: Buffer, edits: readonly Edit[]): Buffer {
  const copy = Buffer.from(trackHeader);
  const length = edits.reduce((sum, edit) => sum + edit.length, 0);
  if (copy[0] === 1) copy.writeBigUInt64BE(BigInt(length), 28);
  else copy.writeUInt32BE(Math.min(length, 0xffff_ffff), 20);
  return copy;
}

const damaged = (message: string): ProxyfsError => new ProxyfsError('pool/damaged', message);
