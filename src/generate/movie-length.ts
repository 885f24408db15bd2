/**
 * Gives a finished QuickTime or MP4 file the lengths that its master's header states: that
 * of the movie, and those of sounds that were copied packet by packet.
 *
 * Muxers count them differently: some add the sound's priming, some round to milliseconds,
 * and some cameras state less than they recorded. Programs that go by the header instead of
 * the packets would find another length in the proxy than in the master, by a frame at high
 * rates. Changes 4 or 8 bytes of each in place.
 */

import { type FileHandle, open } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import type { MediaInfo } from '../probe/media-info.js';
import { child, children, type MovieHeader, readMovieHeader } from '../probe/quicktime-boxes.js';
import { movieTimescaleOf, type QuickTimeTrack, readTrack } from '../probe/quicktime-tracks.js';
import { lengthOfTrack } from '../probe/sample-table.js';
import { multiply, rational } from '../time/rational.js';

/** A file without a movie header, or of unknown length, stays as it is. */
export async function matchMovieLength(proxy: RealPath, master: Pick<MediaInfo, 'duration'>): Promise<void> {
  const { duration } = master;
  if (duration === undefined) return;
  await withHeader(proxy, 'r+', async (movie, file) => {
    const header = child(movie.body, 'mvhd');
    const timescale = movieTimescaleOf(movie.body);
    if (header === undefined || timescale === undefined) return;
    const ticks = multiply(duration, rational(timescale));
    await writeLength(file, movie, header, (ticks.num * 2n + ticks.den) / (ticks.den * 2n));
  });
}

/** Sounds whose sample tables are equal. Those of a fragmented master have none in the header and stay as they are. */
export async function matchSoundLengths(proxy: RealPath, master: RealPath): Promise<void> {
  const originals = (await withHeader(master, 'r', async (movie) => soundsOf(movie))) ?? [];
  await withHeader(proxy, 'r+', async (movie, file) => {
    for (const [index, { track, header }] of soundsOf(movie).entries()) {
      const original = originals[index];
      const stated = original === undefined ? undefined : lengthIn(original.header);
      if (original === undefined || stated === undefined || !isSameTable(original.track, track)) continue;
      await writeLength(file, movie, header, stated);
    }
  });
}

interface Sound {
  readonly track: QuickTimeTrack;
  /** The body of `mdhd`. */
  readonly header: Buffer;
}

function soundsOf({ body }: MovieHeader): Sound[] {
  const timescale = movieTimescaleOf(body);
  if (timescale === undefined) return [];
  return [...children(body)].flatMap((box) => {
    const track = box.type === 'trak' ? readTrack(box, timescale) : undefined;
    const header = child(box.body, 'mdia', 'mdhd');
    return track?.handler === 'soun' && header !== undefined ? [{ track, header }] : [];
  });
}

function isSameTable(a: QuickTimeTrack, b: QuickTimeTrack): boolean {
  return (
    a.timescale === b.timescale && a.samples === b.samples && a.samples > 0 && lengthOfTrack(a) === lengthOfTrack(b)
  );
}

async function withHeader<T>(
  path: RealPath,
  flags: 'r' | 'r+',
  use: (movie: MovieHeader, file: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  const file = await open(path, flags);
  try {
    const movie = await readMovieHeader(file);
    return movie === undefined ? undefined : await use(movie, file);
  } finally {
    await file.close();
  }
}

/** `mvhd` and `mdhd` are laid out alike: version, dates, time scale, length. */
const lengthAt = (header: Buffer): number => (header[0] === 1 ? 24 : 16);

function lengthIn(header: Buffer): bigint | undefined {
  const at = lengthAt(header);
  if (header.length < at + 8) return undefined;
  return header[0] === 1 ? header.readBigUInt64BE(at) : BigInt(header.readUInt32BE(at));
}

async function writeLength(file: FileHandle, movie: MovieHeader, header: Buffer, length: bigint): Promise<void> {
  const wide = header[0] === 1;
  const at = lengthAt(header);
  if (header.length < at + 8 || (!wide && length > 0xffff_fffen)) return;
  const bytes = Buffer.alloc(wide ? 8 : 4);
  if (wide) bytes.writeBigUInt64BE(length);
  else bytes.writeUInt32BE(Number(length));
  await file.write(bytes, 0, bytes.length, movie.position + (header.byteOffset - movie.body.byteOffset) + at);
}
