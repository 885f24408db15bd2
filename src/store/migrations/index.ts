/** All migrations in order. A released one is never edited: add the next number. */

import type { Migration } from '../migrate.js';
import { CATALOG_AND_JOBS } from './0001-catalog-and-jobs.js';
import { PROFILE_CHOICES } from './0002-profile-choices.js';
import { JOURNAL } from './0003-journal.js';
import { HOLDS } from './0004-holds.js';
import { CACHE } from './0005-cache.js';
import { VOLUMES } from './0006-volumes.js';
import { LIKENESS } from './0007-likeness.js';

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: CATALOG_AND_JOBS },
  { version: 2, sql: PROFILE_CHOICES },
  { version: 3, sql: JOURNAL },
  { version: 4, sql: HOLDS },
  { version: 5, sql: CACHE },
  { version: 6, sql: VOLUMES },
  { version: 7, sql: LIKENESS },
];
