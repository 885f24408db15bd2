/** The holds of the SQLite queue: their table, and what they leave over of the waiting jobs. */

import { ROOT, type VirtualPath } from '../base/paths.js';
import type { Database, SqlValue } from '../store/database.js';
import { endsHold, type Hold, type HoldScope } from './hold.js';
import { JOB_CLASSES, type JobClass } from './job-class.js';

interface StoredHold {
  readonly path: string;
  readonly class: number;
  readonly since: number;
  readonly until: number | null;
}

const EVERY_CLASS = -1;

export class SqliteHolds {
  constructor(private readonly db: Database) {}

  /** What holds at this moment, the widest first. */
  at(now: number): readonly Hold[] {
    return this.db
      .statement<StoredHold>(
        'SELECT * FROM job_hold WHERE until IS NULL OR until > ? ORDER BY length(path), path, class',
      )
      .all(now)
      .map(toHold);
  }

  add(scope: HoldScope, now: number, until: number | undefined): Hold {
    this.db.statement('DELETE FROM job_hold WHERE until <= ?').run(now);
    const sql = `INSERT INTO job_hold (path, class, since, until) VALUES (?, ?, ?, ?)
      ON CONFLICT (path, class) DO UPDATE SET since = excluded.since, until = excluded.until`;
    this.db.statement(sql).run(scope.path, rankOf(scope.jobClass), now, until ?? null);
    return { ...scope, since: now, until };
  }

  end(scope: HoldScope, now: number): readonly Hold[] {
    const ended = this.at(now).filter((hold) => endsHold(scope, hold));
    for (const { path, jobClass } of ended) {
      this.db.statement('DELETE FROM job_hold WHERE path = ? AND class = ?').run(path, rankOf(jobClass));
    }
    return ended;
  }
}

/** The clause that leaves out what the holds cover in one class; undefined when they cover all of it. */
export function notHeld(holds: readonly Hold[], jobClass: JobClass): { sql: string; values: SqlValue[] } | undefined {
  const paths = holds.filter((hold) => (hold.jobClass ?? jobClass) === jobClass).map(({ path }) => path);
  if (paths.includes(ROOT)) return undefined;
  const clauses = paths.map(atOrBelow);
  return { sql: clauses.map(({ sql }) => ` AND NOT ${sql}`).join(''), values: clauses.flatMap(({ values }) => values) };
}

/** `0` is the character after `/`: everything below a folder lies between the two. */
export function atOrBelow(path: VirtualPath): { sql: string; values: SqlValue[] } {
  if (path === ROOT) return { sql: '1', values: [] };
  return { sql: '(path = ? OR (path >= ? AND path < ?))', values: [path, `${path}/`, `${path}0`] };
}

const rankOf = (jobClass: JobClass | undefined): number =>
  jobClass === undefined ? EVERY_CLASS : JOB_CLASSES.indexOf(jobClass);

function toHold(row: StoredHold): Hold {
  const { since, until } = row;
  return { path: row.path as VirtualPath, jobClass: JOB_CLASSES[row.class], since, until: until ?? undefined };
}
