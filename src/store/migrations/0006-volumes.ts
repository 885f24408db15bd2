/**
 * Where file systems were mounted at or below the source when it was scanned: what lay on one
 * that is not there now is offline, and not gone. The path '' stands for the file system of the
 * source itself.
 */

export const VOLUMES = `
CREATE TABLE volume (
  path TEXT PRIMARY KEY,
  point TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
