/**
 * Gives the timecode track of a finished QuickTime or MP4 file the description of its master's.
 *
 * The track says how its number becomes a timecode: flags, rate, and how many frames it counts
 * as a second. Cameras write what no muxer does (29 frames a second, drop-frame at 24), and
 * programs differ in which of these they go by: equal bytes read the same everywhere. Changes
 * 13 bytes of the description and the 4 of the number in place.
 */

import { type FileHandle, open } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { child, children, type MovieHeader, readMovieHeader } from '../probe/quicktime-boxes.js';
import { movieTimescaleOf, readTrack } from '../probe/quicktime-tracks.js';

interface Timecode {
  /** Flags, time scale, frame duration, frames a second: a view into the header. */
  readonly description: Buffer;
  readonly sampleAt: number;
}

/** Nothing happens where either has no timecode track. */
export async function copyTimecodeDescription(proxy: RealPath, master: RealPath): Promise<void> {
  const original = await withTimecode(master, 'r', async ({ description, sampleAt }, _, file) => ({
    description: Buffer.from(description),
    sample: await sampleOf(file, sampleAt),
  }));
  if (original?.sample === undefined) return;
  const { description, sample } = original;
  await withTimecode(proxy, 'r+', async (own, movie, file) => {
    const at = movie.position + (own.description.byteOffset - movie.body.byteOffset);
    await file.write(description, 0, description.length, at);
    await file.write(sample, 0, sample.length, own.sampleAt);
  });
}

async function withTimecode<T>(
  path: RealPath,
  flags: 'r' | 'r+',
  use: (timecode: Timecode, movie: MovieHeader, file: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  const file = await open(path, flags);
  try {
    const movie = await readMovieHeader(file);
    const timecode = movie === undefined ? undefined : firstTimecode(movie);
    return movie === undefined || timecode === undefined ? undefined : await use(timecode, movie, file);
  } finally {
    await file.close();
  }
}

const [DESCRIPTION_AT, DESCRIPTION_END] = [28, 41];

function firstTimecode({ body }: MovieHeader): Timecode | undefined {
  const timescale = movieTimescaleOf(body);
  if (timescale === undefined) return undefined;
  for (const box of children(body)) {
    const sampleAt = box.type === 'trak' ? readTrack(box, timescale)?.timecode?.sampleAt : undefined;
    const entry = child(box.body, 'mdia', 'minf', 'stbl', 'stsd');
    if (sampleAt !== undefined && entry !== undefined) {
      return { description: entry.subarray(DESCRIPTION_AT, DESCRIPTION_END), sampleAt };
    }
  }
  return undefined;
}

async function sampleOf(file: FileHandle, position: number): Promise<Buffer | undefined> {
  const sample = Buffer.alloc(4);
  const { bytesRead } = await file.read(sample, 0, sample.length, position);
  return bytesRead === sample.length ? sample : undefined;
}
