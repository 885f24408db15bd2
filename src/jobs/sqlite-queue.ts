/**
 * The job queue on SQLite. Each function below is one transition and one transaction.
 *
 * The database is held by this process alone and its workers live in this process, so jobs
 * that are running when the queue is created were interrupted with the process before it:
 * they are given back at once, without counting the attempt.
 */

import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../base/clock.js';
import { ProxyfsError } from '../base/error.js';
import type { AssetId, JobId, PoolKey } from '../base/ids.js';
import { invariant } from '../base/invariant.js';
import type { Database, SqlValue } from '../store/database.js';
import { JOB_CLASSES, type Job, type JobQueue, type JobRequest, type JobState, type Lease } from './queue.js';

export interface QueueOptions {
  /** How often a job may be started before it has failed for good; default 3. */
  readonly maxAttempts?: number;
}

export function createQueue(db: Database, clock: Clock = systemClock, options: QueueOptions = {}): JobQueue {
  const queue = new SqliteQueue(db, clock, options.maxAttempts ?? 3);
  queue.reclaim();
  return queue;
}

interface StoredJob {
  readonly id: number;
  readonly asset: number;
  readonly pool_key: string;
  readonly profile: string;
  readonly class: number;
  readonly state: JobState;
  readonly attempts: number;
  readonly reason: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

const NEXT_ARRIVAL = '(SELECT coalesce(max(arrival), 0) + 1 FROM job)';
const UNLEASED = 'worker = NULL, token = NULL, expires_at = NULL';

/** A job that is over starts anew: whoever asks for it has found that its proxy is not there. */
const ENQUEUE = `INSERT INTO job (asset, pool_key, profile, class, arrival, state, attempts, created_at, updated_at)
  VALUES (?, ?, ?, ?, ${NEXT_ARRIVAL}, 'waiting', 0, ?, ?)
  ON CONFLICT (asset, pool_key) DO UPDATE SET profile = excluded.profile, class = excluded.class,
    arrival = excluded.arrival, state = 'waiting', attempts = 0, reason = NULL, updated_at = excluded.updated_at
  WHERE state IN ('done', 'cancelled') OR (state = 'failed' AND ?)`;
const RAISE = `UPDATE job SET class = ?, updated_at = ?
  WHERE asset = ? AND pool_key = ? AND state IN ('waiting', 'running') AND class > ?`;

class SqliteQueue implements JobQueue {
  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly maxAttempts: number,
  ) {}

  reclaim(): void {
    this.db
      .statement(`UPDATE job SET state = 'waiting', attempts = attempts - 1, ${UNLEASED} WHERE state = 'running'`)
      .run();
  }

  enqueue(requests: readonly JobRequest[], options: { retryFailed?: boolean } = {}): readonly Job[] {
    const retryFailed = options.retryFailed === true ? 1 : 0;
    const now = this.clock.now();
    return this.db.transaction(() =>
      requests.map(({ asset, poolKey, profile, jobClass }) => {
        const rank = JOB_CLASSES.indexOf(jobClass);
        this.db.statement(ENQUEUE).run(asset, poolKey, profile, rank, now, now, retryFailed);
        this.db.statement(RAISE).run(rank, now, asset, poolKey, rank);
        return this.#one('asset = ? AND pool_key = ?', asset, poolKey);
      }),
    );
  }

  lease(worker: string, milliseconds: number): Lease | undefined {
    return this.db.transaction(() => {
      this.#takeBackExpired();
      const next = this.db
        .statement<{ id: number }>(`SELECT id FROM job WHERE state = 'waiting' ORDER BY class, arrival LIMIT 1`)
        .get();
      if (next === undefined) return undefined;
      const token = randomBytes(16).toString('hex');
      const [now, expiresAt] = [this.clock.now(), this.clock.now() + milliseconds];
      const sql = `UPDATE job SET state = 'running', attempts = attempts + 1, worker = ?, token = ?, expires_at = ?,
        updated_at = ? WHERE id = ?`;
      this.db.statement(sql).run(worker, token, expiresAt, now, next.id);
      return { job: this.#one('id = ?', next.id), token, expiresAt };
    });
  }

  renew(lease: Lease, milliseconds: number): Lease {
    return this.db.transaction(() => {
      const expiresAt = this.clock.now() + milliseconds;
      this.#change(lease, 'expires_at = ?', expiresAt);
      return { job: this.#one('id = ?', lease.job.id), token: lease.token, expiresAt };
    });
  }

  complete(lease: Lease): void {
    this.#change(lease, `state = 'done', reason = NULL, ${UNLEASED}`);
  }

  fail(lease: Lease, reason: string, options: { retry: boolean }): Job {
    return this.db.transaction(() => {
      const { attempts } = this.#one('id = ?', lease.job.id);
      const again = options.retry && attempts < this.maxAttempts;
      const change = again ? `state = 'waiting', arrival = ${NEXT_ARRIVAL}` : `state = 'failed'`;
      this.#change(lease, `${change}, reason = ?, ${UNLEASED}`, reason);
      return this.#one('id = ?', lease.job.id);
    });
  }

  release(lease: Lease): void {
    this.#change(lease, `state = 'waiting', attempts = attempts - 1, ${UNLEASED}`);
  }

  cancel(ids: readonly JobId[]): number {
    const sql = `UPDATE job SET state = 'cancelled', updated_at = ?, ${UNLEASED}
      WHERE id = ? AND state IN ('waiting', 'running')`;
    return this.db.transaction(() =>
      ids.reduce((sum, id) => sum + this.db.statement(sql).run(this.clock.now(), id).changes, 0),
    );
  }

  get(id: JobId): Job | undefined {
    return this.#select('WHERE id = ?', id)[0];
  }

  latestOf(asset: AssetId, profile?: string): Job | undefined {
    if (profile !== undefined) {
      return this.#select('WHERE asset = ? AND profile = ? ORDER BY arrival DESC LIMIT 1', asset, profile)[0];
    }
    return this.#select('WHERE asset = ? ORDER BY arrival DESC LIMIT 1', asset)[0];
  }

  list(filter: { state?: JobState; limit?: number } = {}): readonly Job[] {
    const limit = filter.limit ?? -1;
    if (filter.state === undefined) return this.#select('ORDER BY arrival DESC LIMIT ?', limit);
    if (filter.state === 'waiting')
      return this.#select(`WHERE state = 'waiting' ORDER BY class, arrival LIMIT ?`, limit);
    return this.#select('WHERE state = ? ORDER BY arrival DESC LIMIT ?', filter.state, limit);
  }

  counts(): Readonly<Record<JobState, number>> {
    const rows = this.db
      .statement<[JobState, number]>('SELECT state, count(*) FROM job GROUP BY state', { raw: true })
      .all();
    return { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0, ...Object.fromEntries(rows) };
  }

  /** A worker that stopped answering may be the job's own doing: such an attempt counts. */
  #takeBackExpired(): void {
    const now = this.clock.now();
    const reason = 'the worker stopped answering';
    const sql = `UPDATE job SET state = iif(attempts < ?, 'waiting', 'failed'), reason = ?, updated_at = ?, ${UNLEASED}
      WHERE state = 'running' AND expires_at <= ?`;
    this.db.statement(sql).run(this.maxAttempts, reason, now, now);
  }

  /** Only the holder of the token may change a running job. */
  #change(lease: Lease, change: string, ...values: readonly SqlValue[]): void {
    const sql = `UPDATE job SET ${change}, updated_at = ? WHERE id = ? AND state = 'running' AND token = ?`;
    const { changes } = this.db.statement(sql).run(...values, this.clock.now(), lease.job.id, lease.token);
    if (changes === 1) return;
    throw new ProxyfsError(
      'job/lease-lost',
      `job ${lease.job.id} is no longer this worker's (it was cancelled, or took too long to answer): drop its result`,
      { details: { job: lease.job.id } },
    );
  }

  #one(where: string, ...values: readonly SqlValue[]): Job {
    const job = this.#select(`WHERE ${where}`, ...values)[0];
    invariant(job !== undefined, `there is a job with ${where} (${values.join(', ')})`);
    return job;
  }

  #select(clause: string, ...values: readonly SqlValue[]): readonly Job[] {
    return this.db
      .statement<StoredJob>(`SELECT * FROM job ${clause}`)
      .all(...values)
      .map(toJob);
  }
}

function toJob(row: StoredJob): Job {
  const jobClass = JOB_CLASSES[row.class];
  invariant(jobClass !== undefined, `job ${row.id} has a class`);
  return {
    id: row.id as JobId,
    asset: row.asset as AssetId,
    poolKey: row.pool_key as PoolKey,
    profile: row.profile,
    jobClass,
    state: row.state,
    attempts: row.attempts,
    reason: row.reason ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
