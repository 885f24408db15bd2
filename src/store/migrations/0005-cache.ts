/**
 * What keeps the pool in bounds: when proxies were used, what was removed, what is pinned, and
 * how far the slow check of all proxies has come.
 *
 * A removal carries the master it was made for: a master that changes wants its proxy again.
 */

export const CACHE = `
CREATE TABLE proxy_use (
  asset INTEGER NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  profile TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  days INTEGER NOT NULL,
  PRIMARY KEY (asset, profile)
) STRICT, WITHOUT ROWID;

CREATE TABLE eviction (
  asset INTEGER NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  profile TEXT NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  guard_size INTEGER NOT NULL,
  guard_mtime_ns INTEGER NOT NULL,
  PRIMARY KEY (asset, profile)
) STRICT, WITHOUT ROWID;

CREATE TABLE pin (
  path TEXT PRIMARY KEY,
  dev INTEGER,
  ino INTEGER,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cache_state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  evicted INTEGER NOT NULL,
  evicted_bytes INTEGER NOT NULL,
  scrub_position TEXT NOT NULL,
  scrub_finished_at INTEGER NOT NULL
) STRICT;
INSERT INTO cache_state VALUES (1, 0, 0, '', 0);

CREATE INDEX variant_by_key ON variant (pool_key);
`;
