/** What an ended run of ffmpeg or ffprobe says about the file it read. Pure. */

import { ProxyfsError } from '../base/error.js';

/**
 * True when the program came to its own end and refused the file: evidence against the file.
 * A run that was killed, crashed or hung is none: the same file may pass the next time.
 */
export function isVerdict(error: unknown): error is ProxyfsError {
  if (!(error instanceof ProxyfsError)) return false;
  const isRefusal = error.code === 'ffmpeg/failed' || error.code === 'ffprobe/failed';
  return isRefusal && error.details['exitCode'] !== undefined;
}
