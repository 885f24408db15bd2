/** Which profile's proxies a path serves; the empty path is the project. */

export const PROFILE_CHOICES = `
CREATE TABLE profile_choice (
  path TEXT PRIMARY KEY,
  profile TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
