/** What SQLite reports, as coded errors with a way out. */

import { errnoOf, ProxyfsError, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';

/** Errors of SQLite become coded errors; anything else is returned as it is. */
export function storeError(thrown: unknown, file: RealPath): unknown {
  const code = sqliteCodeOf(thrown);
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  if (code === undefined) return errnoOf(thrown) === undefined ? thrown : toProxyfsError(thrown);
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return damaged(file, reason, thrown);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return held(file, thrown);
  if (code === 'SQLITE_FULL') return noSpace(file, thrown);
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(code)) return notAllowed(file, reason, thrown);
  if (code.startsWith('SQLITE_IOERR')) {
    return new ProxyfsError('system/io', `the catalog ${file} cannot be read or written (${code}): check its disk`, {
      cause: thrown,
    });
  }
  return new ProxyfsError('internal', `the catalog ${file}: ${reason} (${code})`, { cause: thrown });
}

export function damaged(file: RealPath, reason: string, cause?: unknown): ProxyfsError {
  return new ProxyfsError(
    'store/damaged',
    `the catalog ${file} is damaged (${reason}): move it and the files beside it that begin with its name away ` +
      'and start again; it is rebuilt from the source tree and the pool, and no proxy is lost',
    { cause, details: { file } },
  );
}

function held(file: RealPath, cause: unknown): ProxyfsError {
  return new ProxyfsError(
    'store/held',
    `the catalog ${file} is in use by another proxyfs daemon: unmount that project first, ` +
      'or give this one another state directory with --state',
    { cause, details: { file } },
  );
}

function noSpace(file: RealPath, cause: unknown): ProxyfsError {
  return new ProxyfsError(
    'system/no-space',
    `there is no space left for the catalog ${file}: free some space, or move the state directory with --state`,
    { cause, details: { file } },
  );
}

function notAllowed(file: RealPath, reason: string, cause: unknown): ProxyfsError {
  return new ProxyfsError(
    'system/permission',
    `the catalog ${file} cannot be opened for writing (${reason}): ` +
      'check the permissions of the directory, or choose another with --state',
    { cause, details: { file } },
  );
}

function sqliteCodeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' && thrown.code.startsWith('SQLITE_') ? thrown.code : undefined;
}
