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

/**
 * Sounds of as many samples: that is, copied ones. Muxers cut the last packet short where the edit list of
 * the master ends within it; with the master's tables the same list cuts at the same place. Those of a fragmented
 * master have no table in the header and stay as they are.
 */
export async function matchSoundLengths(proxy: RealPath, master: RealPath): Promise<void> {
  const read = async ({ body }: MovieHeader) => ({ sounds: soundsOf(body), timescale: movieTimescaleOf(body) ?? 0 });
  const originals = await withHeader(master, 'r', read);
  if (originals === undefined) return;
  await withHeader(proxy, 'r+', async (movie, file) => {
    const { sounds, timescale } = await read(movie);
    for (const [index, sound] of sounds.entries()) {
      const original = originals.sounds[index];
      if (original === undefined || !isCopy(original.track, sound.track)) continue;
      await writeLastPacket(file, movie, sound, original);
      await writeLength(file, movie, sound.header, lengthIn(original.header, lengthAt(original.header)));
      const shown = lengthIn(original.trackHeader, shownLengthAt(original.trackHeader));
      const ticks = shown === undefined ? undefined : (shown * BigInt(timescale)) / BigInt(originals.timescale);
      await writeLength(file, movie, sound.trackHeader, ticks, shownLengthAt(sound.trackHeader));
    }
  });
}

interface Sound {
  readonly track: QuickTimeTrack;
  /** The bodies of `mdhd`, `tkhd` and `stts`. */
  readonly header: Buffer;
  readonly trackHeader: Buffer;
  readonly durations: Buffer;
}

function soundsOf(body: Buffer): Sound[] {
  const timescale = movieTimescaleOf(body);
  if (timescale === undefined) return [];
  return [...children(body)].flatMap((box) => {
    const track = box.type === 'trak' ? readTrack(box, timescale) : undefined;
    const header = child(box.body, 'mdia', 'mdhd');
    const trackHeader = child(box.body, 'tkhd');
    const durations = child(box.body, 'mdia', 'minf', 'stbl', 'stts');
    if (track?.handler !== 'soun' || !header || !trackHeader || !durations) return [];
    return [{ track, header, trackHeader, durations }];
  });
}

/** The same packets, of which the last may be cut short. */
function isCopy(original: QuickTimeTrack, copy: QuickTimeTrack): boolean {
  const [of, last] = [lengthOfTrack, lastOf];
  const sameTable = of(original) === of(copy) || of(original) - last(original) === of(copy) - last(copy);
  return original.timescale === copy.timescale && original.samples === copy.samples && copy.samples > 0 && sameTable;
}

const lastOf = ({ durations }: QuickTimeTrack): number => durations.at(-1)?.ticks ?? 0;

/** The table ends with a run of its own for a packet that was cut short. */
async function writeLastPacket(file: FileHandle, movie: MovieHeader, sound: Sound, original: Sound): Promise<void> {
  const ticks = lastOf(original.track);
  if (ticks === lastOf(sound.track) || sound.track.durations.at(-1)?.count !== 1) return;
  const at = 8 + (sound.track.durations.length - 1) * 8 + 4;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(ticks);
  await file.write(bytes, 0, bytes.length, placeOf(movie, sound.durations) + at);
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

/** `tkhd`: version, dates, number, reserved, length in ticks of the movie. */
const shownLengthAt = (header: Buffer): number => (header[0] === 1 ? 28 : 20);

function lengthIn(header: Buffer, at: number): bigint | undefined {
  if (header.length < at + 8) return undefined;
  return header[0] === 1 ? header.readBigUInt64BE(at) : BigInt(header.readUInt32BE(at));
}

async function writeLength(
  file: FileHandle,
  movie: MovieHeader,
  header: Buffer,
  length: bigint | undefined,
  at = lengthAt(header),
): Promise<void> {
  const wide = header[0] === 1;
  if (length === undefined || header.length < at + 8 || (!wide && length > 0xffff_fffen)) return;
  const bytes = Buffer.alloc(wide ? 8 : 4);
  if (wide) bytes.writeBigUInt64BE(length);
  else bytes.writeUInt32BE(Number(length));
  await file.write(bytes, 0, bytes.length, placeOf(movie, header) + at);
}

const placeOf = (movie: MovieHeader, part: Buffer): number =>
  movie.position + (part.byteOffset - movie.body.byteOffset);
