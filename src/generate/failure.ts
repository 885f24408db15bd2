/** Which failures pass by themselves and which belong to the clip. Pure. */

import { errnoOf, ProxyfsError } from '../base/error.js';

export interface Failure {
  readonly reason: string;
  /** Trying again without a change may succeed; the queue bounds how often. */
  readonly passing: boolean;
}

/** What FFmpeg says when the machine, not the clip, is in the way. */
const PASSING_WORDS =
  /No space left on device|Disk quota exceeded|Cannot allocate memory|Resource temporarily unavailable|Input\/output error|Stale file handle|Too many open files/i;
const FULL = /No space left on device|Disk quota exceeded/i;
const PASSING_ERRNOS = new Set(['ENOSPC', 'EDQUOT', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE', 'EMFILE', 'ENFILE', 'EBUSY']);

const CRASHES = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSYS']);

/** The disk of the pool is full: no failure of the clip, and pointless to try again before there is space. */
export function isOutOfSpace(thrown: unknown): boolean {
  const errno = errnoOf(thrown);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return true;
  if (!(thrown instanceof ProxyfsError)) return false;
  return thrown.code === 'system/no-space' || (thrown.code === 'ffmpeg/failed' && FULL.test(reasonOf(thrown)));
}

/** `attempts` counts the one that failed. */
export function judgeFailure(thrown: unknown, attempts: number): Failure {
  const reason = reasonOf(thrown);
  return { reason, passing: isPassing(thrown, attempts) };
}

function isPassing(thrown: unknown, attempts: number): boolean {
  if (!(thrown instanceof ProxyfsError)) return PASSING_ERRNOS.has(errnoOf(thrown) ?? '');
  if (thrown.code === 'system/no-space' || thrown.code === 'system/io') return true;
  // A second stall at the same clip is the clip's doing.
  if (thrown.code === 'ffmpeg/stalled' || thrown.details['isLate'] === true) return attempts <= 1;
  if (thrown.code !== 'ffmpeg/failed' && thrown.code !== 'ffprobe/failed') return false;
  // A crash at the same clip again is the clip's doing.
  if (CRASHES.has(String(thrown.details['signal']))) return attempts <= 1;
  // No exit code: somebody killed it (the kernel when memory is short, an operator).
  const wasKilled = thrown.details['exitCode'] === undefined;
  return wasKilled || PASSING_WORDS.test(reasonOf(thrown));
}

function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const lines = thrown instanceof ProxyfsError ? thrown.details['lastLines'] : undefined;
  const said = Array.isArray(lines) ? lines.slice(-3).join(' | ') : '';
  return said === '' || message.includes(said) ? message : `${message} [${said}]`;
}
