/**
 * Assets, their names, variants and failures, the modes, and the jobs.
 *
 * - dev and ino are unsigned 64-bit values kept as SQLite's signed ones; both are NULL for an
 *   asset whose inode now belongs to another file.
 * - Media facts are long and stand apart, so that reading all assets stays quick.
 * - An asset without names is gone; it is kept for its fingerprint.
 * - Ids are never used again, so a job can outlive its asset without meaning another one.
 */

export const CATALOG_AND_JOBS = `
CREATE TABLE asset (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  dev INTEGER,
  ino INTEGER,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  fingerprint TEXT,
  eligibility TEXT NOT NULL CHECK (eligibility IN ('eligible', 'ineligible', 'unknown')),
  eligibility_code TEXT,
  eligibility_reason TEXT
) STRICT;
CREATE UNIQUE INDEX asset_by_identity ON asset (ino, dev) WHERE ino IS NOT NULL;
CREATE INDEX asset_by_fingerprint ON asset (fingerprint) WHERE fingerprint IS NOT NULL;

CREATE TABLE media (
  asset INTEGER PRIMARY KEY REFERENCES asset (id) ON DELETE CASCADE,
  facts TEXT NOT NULL
) STRICT;

CREATE TABLE name (
  path TEXT PRIMARY KEY,
  asset INTEGER NOT NULL REFERENCES asset (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX name_by_asset ON name (asset, path);

CREATE TABLE variant (
  asset INTEGER NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  profile TEXT NOT NULL,
  pool_key TEXT NOT NULL,
  extension TEXT NOT NULL,
  size INTEGER NOT NULL,
  guard_size INTEGER NOT NULL,
  guard_mtime_ns INTEGER NOT NULL,
  PRIMARY KEY (asset, profile)
) STRICT, WITHOUT ROWID;

CREATE TABLE failure (
  asset INTEGER NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  profile TEXT NOT NULL,
  recipe_hash TEXT NOT NULL,
  reason TEXT NOT NULL,
  rejected INTEGER NOT NULL,
  PRIMARY KEY (asset, profile)
) STRICT, WITHOUT ROWID;

CREATE TABLE mode_default (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  mode TEXT NOT NULL CHECK (mode IN ('proxy', 'master'))
) STRICT;

CREATE TABLE mode_override (
  path TEXT PRIMARY KEY,
  mode TEXT NOT NULL CHECK (mode IN ('proxy', 'master'))
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  asset INTEGER NOT NULL,
  pool_key TEXT NOT NULL,
  profile TEXT NOT NULL,
  class INTEGER NOT NULL,
  arrival INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  attempts INTEGER NOT NULL,
  reason TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  worker TEXT,
  token TEXT,
  expires_at INTEGER,
  UNIQUE (asset, pool_key)
) STRICT;
CREATE INDEX job_in_order ON job (state, class, arrival);
CREATE INDEX job_by_arrival ON job (arrival);
CREATE INDEX job_running ON job (expires_at) WHERE state = 'running';
`;
