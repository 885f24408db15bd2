/**
 * Gives the tracks of a finished QuickTime or MP4 file the lengths that a fragmented master states.
 *
 * Fragments state how long each packet of a sound lasts, the last one and those before a gap
 * included; muxers give the last packet its full length instead. A picture that begins after the
 * sound does so by the times of its frames there and by a pause here, which is no part of its length.
 */

import { open } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { withFragments } from '../probe/movie-fragments.js';
import { type Box, children, makeBox, readMovieHeader } from '../probe/quicktime-boxes.js';
import { parseEdits } from '../probe/quicktime-edits.js';
import { formatRuns, type QuickTimeTrack, readTrack, readTracks } from '../probe/quicktime-tracks.js';
import { lengthOfTrack } from '../probe/sample-table.js';
import { replaceBox, rewriteHeader } from './rewrite-header.js';

/** A sound that is no copy, that begins after a pause, or of which a fragment is not understood, stays as it is. */
export async function copyFragmentTimes(proxy: RealPath, master: RealPath): Promise<void> {
  const originals = await soundsOf(master);
  await rewriteHeader(proxy, ({ body }) => {
    const movieTimescale = readTracks(body)[0]?.movieTimescale ?? 0;
    const left = [...originals];
    return [...children(body)].map((box) => {
      const track = box.type === 'trak' ? readTrack(box, movieTimescale) : undefined;
      if (track?.handler === 'vide' && hasPause(box.body)) return withoutPauseInLength(box, track);
      const original = track?.handler === 'soun' ? left.shift() : undefined;
      const isCopy = original?.timescale === track?.timescale && original?.samples === track?.samples;
      const changes = track !== undefined && original !== undefined && isCopy && !hasPause(box.body);
      return changes ? withDurations(box, track, original) : makeBox(box.type, box.body);
    });
  });
}

/** Empty where not all of them are understood. */
async function soundsOf(path: RealPath): Promise<readonly QuickTimeTrack[]> {
  const file = await open(path, 'r');
  try {
    const movie = await readMovieHeader(file);
    if (movie === undefined) return [];
    const isSound = ({ handler }: QuickTimeTrack) => handler === 'soun';
    const tracks = readTracks(movie.body);
    const whole = (await withFragments(file, movie.body, tracks)).filter(isSound);
    return whole.length === tracks.filter(isSound).length ? whole : [];
  } finally {
    await file.close();
  }
}

const hasPause = (track: Buffer): boolean => parseEdits(track).some(({ mediaTime }) => mediaTime < 0);

/** Its header states how long the samples are. */
function withoutPauseInLength(box: Box, track: QuickTimeTrack): Buffer {
  const shown = Math.round((lengthOfTrack(track) * track.movieTimescale) / track.timescale);
  return makeBox(
    'trak',
    replaceBox(box.body, ['tkhd'], (header) => withLength(header, shown, TRACK_LENGTH)),
  );
}

const SAMPLE_TABLE: readonly string[] = ['mdia', 'minf', 'stbl'];

/** All of it is shown, from its first packet to its end. */
function withDurations(
  box: Box,
  { timescale, movieTimescale }: QuickTimeTrack,
  { durations }: Pick<QuickTimeTrack, 'durations'>,
): Buffer {
  const length = lengthOfTrack({ durations });
  const shown = Math.round((length * movieTimescale) / timescale);
  const timed = replaceBox(box.body, SAMPLE_TABLE, (tables) => withDurationTable(tables, durations));
  const stated = replaceBox(timed, ['mdia', 'mdhd'], (header) => withLength(header, length, HEADER_LENGTH));
  const whole = replaceBox(stated, ['tkhd'], (header) => withLength(header, shown, TRACK_LENGTH));
  const parts = [...children(whole)].filter(({ type }) => type !== 'edts');
  return makeBox('trak', ...parts.map(({ type, body }) => makeBox(type, body)));
}

function withDurationTable(tables: Buffer, runs: QuickTimeTrack['durations']): Buffer {
  const table = formatRuns(runs);
  return Buffer.concat([...children(tables)].map(({ type, body }) => makeBox(type, type === 'stts' ? table : body)));
}

/** Where the lengths lie in `mdhd` and `tkhd` of version 0 and 1. */
const HEADER_LENGTH = [16, 24] as const;
const TRACK_LENGTH = [20, 28] as const;

function withLength(header: Buffer, length: number, [small, wide]: readonly [number, number]): Buffer {
  const copy = Buffer.from(header);
  if (copy[0] === 1) copy.writeBigUInt64BE(BigInt(length), wide);
  else copy.writeUInt32BE(Math.min(length, 0xffff_ffff), small);
  return copy;
}
