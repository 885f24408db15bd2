/**
 * What a clip has in common with others, beside its media facts, which are long: whoever names the
 * recipes of a whole project reads no more than this. Clips of before have none until they are
 * described again; they are named by their facts.
 */

export const LIKENESS = `
CREATE TABLE likeness (
  asset INTEGER PRIMARY KEY REFERENCES media (asset) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  timecode TEXT,
  reel TEXT,
  created TEXT
) STRICT;
`;
