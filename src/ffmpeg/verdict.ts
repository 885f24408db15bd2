/** What an ended run of ffmpeg or ffprobe says about the file it read. Pure. */

import { ProxyfsError } from '../base/error.js';

/** What FFmpeg says of the machine, of whatever file it was reading. */
const OF_THE_MACHINE =
  /No space left on device|Disk quota exceeded|Cannot allocate memory|Resource temporarily unavailable|Too many open files/i;

/**
 * True when the program came to its own end and refused the file: evidence against the file.
 * A run that was killed, crashed, hung or found the machine short of something is none: the
 * same file may pass the next time.
 */
export function isVerdict(error: unknown): error is ProxyfsError {
  if (!(error instanceof ProxyfsError)) return false;
  const isRefusal = error.code === 'ffmpeg/failed' || error.code === 'ffprobe/failed';
  return isRefusal && error.details['exitCode'] !== undefined && !OF_THE_MACHINE.test(wordsOf(error));
}

function wordsOf({ details, message }: ProxyfsError): string {
  const lines = details['lastLines'];
  return [message, ...(Array.isArray(lines) ? lines : [])].join('\n');
}
