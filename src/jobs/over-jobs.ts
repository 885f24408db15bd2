/**
 * Jobs that are over, of which only the latest are kept: a project in which clips are rendered again and again would
 * have a row of each render for ever.
 *
 * What is done is asked for by nobody but the next render under the same name, and by the counts; what failed or was
 * cancelled is why a clip is left alone, so it has a bound of its own.
 */

import type { Database } from '../store/database.js';
import type { JobState } from './queue.js';

const OVER: readonly JobState[] = ['done', 'failed', 'cancelled'];
/** More than the clips of large projects, and some 30 MB at most. */
export const DEFAULT_KEPT_OVER = 100_000;
/** Counting is a scan of what is kept. */
const LOOK_EVERY = 1_000;

export class OverJobs {
  #sinceLook = 0;

  constructor(
    private readonly db: Database,
    private readonly kept: number,
  ) {}

  /** One more is over. */
  note(): void {
    this.#sinceLook += 1;
    if (this.#sinceLook >= Math.min(LOOK_EVERY, this.kept)) this.prune();
  }

  prune(): void {
    this.#sinceLook = 0;
    const sql = `DELETE FROM job WHERE state = ? AND arrival <=
      (SELECT arrival FROM job WHERE state = ? ORDER BY arrival DESC LIMIT 1 OFFSET ?)`;
    this.db.transaction(() => {
      for (const state of OVER) this.db.statement(sql).run(state, state, this.kept);
    });
  }
}
