/** Structured logs. The only importer of pino. */

import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import type { RealPath } from '../base/paths.js';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>;

export type LogTarget =
  | { readonly kind: 'file'; readonly path: RealPath }
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
  // Synchronous: the last lines before a crash are the ones that matter, and normal operation logs little.
  const stream =
    target.kind === 'file'
      ? destination({ dest: target.path, mkdir: true, sync: true })
      : destination({ fd: 2, sync: true });
  // A full disk costs lines of the log, not the mount: there is nowhere to report it to.
  stream.on('error', () => undefined);
  return stream;
}
