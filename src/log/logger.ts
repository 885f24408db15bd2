/** Structured logs. The only importer of pino. */

import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import type { RealPath } from '../base/paths.js';
import { RotatingFile } from './rotating-file.js';

const DEFAULT_MAX_BYTES = 10 * 1024 ** 2;

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>;

export type LogTarget =
  /** Older logs are kept as `.1` (the newest) to `.4`. */
  | { readonly kind: 'file'; readonly path: RealPath; readonly maxBytes?: number }
  | { readonly kind: 'stderr' }
  | { readonly kind: 'stream'; readonly stream: DestinationStream };

export function createLogger(target: LogTarget, level = 'info'): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, streamOf(target));
}

/** For tests and for commands that only want results. */
export const silentLogger: Logger = pino({ level: 'silent' });

function streamOf(target: LogTarget): DestinationStream {
  if (target.kind === 'stream') return target.stream;
  if (target.kind === 'file') return new RotatingFile(target.path, target.maxBytes ?? DEFAULT_MAX_BYTES);
  // Synchronous: the last lines before a crash are the ones that matter, and normal operation logs little.
  const stream = destination({ fd: 2, sync: true });
  // A full disk costs lines of the log, not the mount: there is nowhere to report it to.
  stream.on('error', () => undefined);
  return stream;
}
