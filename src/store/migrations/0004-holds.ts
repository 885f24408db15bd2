/**
 * Where the clip of a job lies, and what is paused. A job of before has no path until it is asked
 * for again, which every start of the daemon does. `class` is -1 for every class.
 */

export const HOLDS = `
ALTER TABLE job ADD COLUMN path TEXT NOT NULL DEFAULT '';
DROP INDEX job_in_order;
CREATE INDEX job_in_order ON job (state, class, arrival, path);
CREATE TABLE job_hold (
  path TEXT NOT NULL,
  class INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (path, class)
) STRICT, WITHOUT ROWID;
`;
