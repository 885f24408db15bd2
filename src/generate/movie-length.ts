/**
 * Gives a finished QuickTime or MP4 file the length that its master's header states.
 *
 * Muxers count it differently: some add the sound's priming, some round to milliseconds.
 * Programs that go by the header instead of the frames would find another length in the
 * proxy than in the master, by a frame at high rates. Changes 4 or 8 bytes in place.
 */

import { type FileHandle, open } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import type { MediaInfo } from '../probe/media-info.js';
import { child, readMovieHeader } from '../probe/quicktime-boxes.js';
import { multiply, type Rational, rational } from '../time/rational.js';

/** A file without a movie header, or of unknown length, stays as it is. */
export async function matchMovieLength(proxy: RealPath, master: Pick<MediaInfo, 'duration'>): Promise<void> {
  if (master.duration === undefined) return;
  const file = await open(proxy, 'r+');
  try {
    await writeLength(file, master.duration);
  } finally {
    await file.close();
  }
}

async function writeLength(file: FileHandle, seconds: Rational): Promise<void> {
  const movie = await readMovieHeader(file);
  const header = movie === undefined ? undefined : child(movie.body, 'mvhd');
  if (movie === undefined || header === undefined || header.length < 32) return;
  const wide = header[0] === 1;
  const ticks = multiply(seconds, rational(header.readUInt32BE(wide ? 20 : 12)));
  const length = (ticks.num * 2n + ticks.den) / (ticks.den * 2n);
  if (!wide && length > 0xffff_fffen) return;
  const bytes = Buffer.alloc(wide ? 8 : 4);
  if (wide) bytes.writeBigUInt64BE(length);
  else bytes.writeUInt32BE(Number(length));
  const at = movie.position + (header.byteOffset - movie.body.byteOffset) + (wide ? 24 : 16);
  await file.write(bytes, 0, bytes.length, at);
}
