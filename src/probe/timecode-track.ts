/**
 * The start timecode of a QuickTime timecode track, read from its sample.
 *
 * FFmpeg gives no timecode at all for a track whose drop-frame flag does not fit its
 * rate (some cameras set it at 24 frames a second). The frame number in the sample is
 * still true; it is shown without drop-frame, which is how such a track counts.
 */

import type { FileHandle } from 'node:fs/promises';
import { rational } from '../time/rational.js';
import { canDropFrame, formatTimecode, timecodeAt } from '../time/timecode.js';
import type { QuickTimeTrack } from './quicktime-tracks.js';

export async function readTimecodeTrack(
  file: FileHandle,
  tracks: readonly QuickTimeTrack[],
): Promise<string | undefined> {
  const description = tracks.find((track) => track.timecode !== undefined)?.timecode;
  if (description === undefined) return undefined;
  const sample = Buffer.alloc(4);
  const { bytesRead } = await file.read(sample, 0, 4, description.sampleAt);
  if (bytesRead !== 4) return undefined;
  const rate = rational(description.timescale, description.frameDuration);
  const dropFrame = description.dropFrame && canDropFrame(rate);
  return formatTimecode(timecodeAt(sample.readInt32BE(0), rate, dropFrame), rate);
}
