/**
 * Brings a database to the newest schema: numbered steps, all missing ones in one
 * transaction, the number kept in `user_version`. There is no way back: a file of a newer
 * proxyfs is refused, never guessed at.
 */

import type Sqlite from 'better-sqlite3';
import { ProxyfsError } from '../base/error.js';
import { invariant } from '../base/invariant.js';
import type { RealPath } from '../base/paths.js';

export interface Migration {
  /** 1, 2, 3, ... without gaps; never changed once released. */
  readonly version: number;
  readonly sql: string;
}

export function migrate(sqlite: Sqlite.Database, file: RealPath, migrations: readonly Migration[]): void {
  migrations.forEach((step, index) => {
    invariant(step.version === index + 1, `migration ${index + 1} is numbered ${step.version}`);
  });
  const current = Number(sqlite.pragma('user_version', { simple: true }));
  if (current > migrations.length) throw tooNew(file, current, migrations.length);
  const missing = migrations.slice(current);
  if (missing.length === 0) return;
  sqlite
    .transaction(() => {
      for (const step of missing) sqlite.exec(step.sql);
      sqlite.pragma(`user_version = ${migrations.length}`);
    })
    .exclusive();
}

function tooNew(file: RealPath, found: number, known: number): ProxyfsError {
  return new ProxyfsError(
    'config/invalid',
    `the catalog ${file} was written by a newer proxyfs (schema ${found}; this one knows up to ${known}): ` +
      'update proxyfs, or give this version another state directory with --state',
    { details: { file, found, known } },
  );
}
