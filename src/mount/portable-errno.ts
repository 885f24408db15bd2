/** Errors as the kernel wants them: negative errno numbers. */

import { constants } from 'node:os';

export type ErrnoName = keyof typeof constants.errno;

/** A refusal decided by the driver itself rather than by the source file system. */
export class Refusal extends Error {
  readonly errno: number;
  readonly code: ErrnoName;

  constructor(code: ErrnoName, reason: string) {
    super(`${code}: ${reason}`);
    this.name = 'Refusal';
    this.code = code;
    this.errno = -constants.errno[code];
  }
}

/** The negative errno of a system error or refusal; undefined for a mistake in the program. */
export function negativeErrno(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('errno' in thrown)) return undefined;
  return typeof thrown.errno === 'number' && thrown.errno < 0 ? thrown.errno : undefined;
}

export function hasErrno(thrown: unknown, code: ErrnoName): boolean {
  return negativeErrno(thrown) === -constants.errno[code];
}
