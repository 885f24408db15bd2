/**
 * What happened, in the order of its ids. `who` and `facts` are JSON.
 *
 * Routine events have a bound of their own, so that a long backlog does not push out who
 * flipped the project last month.
 */

export const JOURNAL = `
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  routine INTEGER NOT NULL CHECK (routine IN (0, 1)),
  path TEXT,
  asset INTEGER,
  who TEXT,
  facts TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_path ON event (path) WHERE path IS NOT NULL;
CREATE INDEX event_by_asset ON event (asset) WHERE asset IS NOT NULL;
CREATE INDEX event_routine ON event (id) WHERE routine = 1;
`;
