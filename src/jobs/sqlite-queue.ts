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
import type { AssetId, JobId } from '../base/ids.js';
import { invariant } from '../base/invariant.js';
import { ROOT, type VirtualPath } from '../base/paths.js';
import type { Database, SqlValue } from '../store/database.js';
import type { Hold, HoldScope } from './hold.js';
import { JOB_CLASSES, type JobClass } from './job-class.js';
import { type ListedRow, newJob, type StoredJob, toJob, toListedJob } from './job-rows.js';
import { DEFAULT_KEPT_OVER, OverJobs } from './over-jobs.js';
import type { EnqueueOptions, Job, JobQueue, JobRequest, JobState, Lease, ListedJob, ListFilter } from './queue.js';
import { atOrBelow, notHeld, SqliteHolds } from './sqlite-holds.js';

export interface QueueOptions {
  /** How often a job may be started before it has failed for good; default 3. */
  readonly maxAttempts?: number;
  /** How many jobs that are over are kept, of each way to end. */
  readonly keptOver?: number;
}

export function createQueue(db: Database, clock: Clock = systemClock, options: QueueOptions = {}): JobQueue {
  const over = new OverJobs(db, options.keptOver ?? DEFAULT_KEPT_OVER);
  const queue = new SqliteQueue(db, clock, over, options.maxAttempts ?? 3);
  queue.reclaim();
  return queue;
}

const NEXT_ARRIVAL = '(SELECT coalesce(max(arrival), 0) + 1 FROM job)';
/** The lowest class of what somebody asks for; the others come by themselves. */
const LAST_ASKED_FOR = JOB_CLASSES.indexOf('prewarm');
const NOT_AMONG = ' AND id NOT IN (SELECT value FROM json_each(?))';
const UNLEASED = 'worker = NULL, token = NULL, expires_at = NULL';

/** A job that is over starts anew: whoever asks for it has found that its proxy is not there. */
const ENQUEUE = `INSERT INTO job
  (asset, pool_key, profile, class, path, arrival, state, attempts, created_at, updated_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ? + key, 'waiting', 0, ?, ?
  FROM json_each(?) WHERE true
  ON CONFLICT (asset, pool_key) DO UPDATE SET profile = excluded.profile, class = excluded.class, path = excluded.path,
    arrival = excluded.arrival, state = 'waiting', attempts = 0, reason = NULL, updated_at = excluded.updated_at
  WHERE state = 'done' OR (state = 'cancelled' AND (reason IS NULL OR excluded.class <= ${LAST_ASKED_FOR}))
    OR (state = 'failed' AND ?)
  RETURNING id, created_at, arrival`;
const RAISE = `UPDATE job SET class = min(class, ?), path = ?, updated_at = ?
  WHERE asset = ? AND pool_key = ? AND state IN ('waiting', 'running') AND (class > ? OR path <> ?)`;
const LINE_UP = `UPDATE job SET arrival = ?
  WHERE asset = ? AND pool_key = ? AND state = 'waiting' AND class = ?`;

class SqliteQueue implements JobQueue {
  readonly #holds: SqliteHolds;

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly over: OverJobs,
    private readonly maxAttempts: number,
  ) {
    this.#holds = new SqliteHolds(db);
  }

  reclaim(): void {
    this.db
      .statement(`UPDATE job SET state = 'waiting', attempts = attempts - 1, ${UNLEASED} WHERE state = 'running'`)
      .run();
    this.over.prune();
  }

  enqueue(requests: readonly JobRequest[], options: EnqueueOptions = {}): readonly Job[] {
    const retryFailed = options.retryFailed === true ? 1 : 0;
    const now = this.clock.now();
    return this.db.transaction(() => {
      const first = this.#lastArrival() + 1;
      const rows = requests.map(({ asset, poolKey, profile, jobClass, path }) => [
        ...[asset, poolKey, profile, JOB_CLASSES.indexOf(jobClass), path],
      ]);
      const insert = this.db.statement<[JobId, number, number]>(ENQUEUE, { raw: true });
      // Each arrival is one request's. Asked for twice in one call, it is there already at the second time.
      const queued = new Map<number, readonly [JobId, number]>();
      for (const [id, createdAt, arrival] of insert.all(first, now, now, JSON.stringify(rows), retryFailed)) {
        queued.set(arrival, [id, createdAt]);
      }
      return requests.map((request, index) => {
        const added = queued.get(first + index);
        if (added !== undefined) return newJob(request, added, now);
        return this.#raise(request, now, options.inTurn === true ? first + index : undefined);
      });
    });
  }

  lease(
    worker: string,
    milliseconds: number,
    classes: readonly JobClass[] = JOB_CLASSES,
    without: readonly JobId[] = [],
  ): Lease | undefined {
    return this.db.transaction(() => {
      this.#takeBackExpired();
      const next = this.#next(classes, without);
      return next === undefined ? undefined : this.#start(next, worker, milliseconds);
    });
  }

  next(classes: readonly JobClass[] = JOB_CLASSES, without: readonly JobId[] = []): Job | undefined {
    return this.db.transaction(() => {
      this.#takeBackExpired();
      const next = this.#next(classes, without);
      return next === undefined ? undefined : this.#one('id = ?', next);
    });
  }

  leaseBeside({ job }: Lease, worker: string, milliseconds: number): readonly Lease[] {
    const sql = `SELECT id FROM job WHERE state = 'waiting' AND asset = ? AND class = ? ORDER BY arrival`;
    return this.db.transaction(() =>
      this.db
        .statement<{ id: number }>(sql)
        .all(job.asset, JOB_CLASSES.indexOf(job.jobClass))
        .map(({ id }) => this.#start(id, worker, milliseconds)),
    );
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
    this.over.note();
  }

  fail(lease: Lease, reason: string, options: { retry: boolean }): Job {
    const failed = this.db.transaction(() => {
      const { attempts } = this.#one('id = ?', lease.job.id);
      const again = options.retry && attempts < this.maxAttempts;
      const change = again ? `state = 'waiting', arrival = ${NEXT_ARRIVAL}` : `state = 'failed'`;
      this.#change(lease, `${change}, reason = ?, ${UNLEASED}`, reason);
      return this.#one('id = ?', lease.job.id);
    });
    if (failed.state === 'failed') this.over.note();
    return failed;
  }

  release(lease: Lease, options: { last: boolean } = { last: false }): void {
    const place = options.last ? `arrival = ${NEXT_ARRIVAL}, ` : '';
    this.#change(lease, `state = 'waiting', attempts = attempts - 1, ${place}${UNLEASED}`);
  }

  cancel(ids: readonly JobId[], reason?: string): number {
    const sql = `UPDATE job SET state = 'cancelled', reason = ?, updated_at = ?, ${UNLEASED}
      WHERE id = ? AND state IN ('waiting', 'running')`;
    const now = this.clock.now();
    return this.db.transaction(() =>
      ids.reduce((sum, id) => sum + this.db.statement(sql).run(reason ?? null, now, id).changes, 0),
    );
  }

  pause(scope: HoldScope, until?: number): Hold {
    // Somebody decided it: it has to be there after a power cut.
    return this.db.transaction(() => this.#holds.add(scope, this.clock.now(), until), { durable: true });
  }

  resume(scope: HoldScope): readonly Hold[] {
    return this.db.transaction(() => this.#holds.end(scope, this.clock.now()), { durable: true });
  }

  holds(): readonly Hold[] {
    return this.#holds.at(this.clock.now());
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

  doneAt(path: VirtualPath, profile: string): readonly Job[] {
    return this.#select(
      `WHERE path = ? AND profile = ? AND state = 'done' ORDER BY arrival DESC LIMIT 3`,
      path,
      profile,
    );
  }

  list(filter: ListFilter = {}): readonly ListedJob[] {
    const { state, limit = -1, path = ROOT } = filter;
    const below = atOrBelow(path);
    const isOf = state === undefined ? '' : ' AND state = ?';
    const position = `iif(state = 'waiting', row_number() OVER (PARTITION BY state ORDER BY class, arrival), NULL)`;
    // The turn counts all jobs, also those that are not listed.
    const numbered = `SELECT *, ${position} AS position FROM job${state === undefined ? '' : ' WHERE state = ?'}`;
    const order = state === 'waiting' ? 'class, arrival' : 'arrival DESC';
    const sql = `SELECT * FROM (${numbered}) WHERE ${below.sql}${isOf} ORDER BY ${order} LIMIT ?`;
    const states = state === undefined ? [] : [state];
    const holds = this.holds();
    return this.db
      .statement<ListedRow>(sql)
      .all(...states, ...below.values, ...states, limit)
      .map((row) => toListedJob(row, holds));
  }

  counts(): Readonly<Record<JobState, number>> {
    const rows = this.db
      .statement<[JobState, number]>('SELECT state, count(*) FROM job GROUP BY state', { raw: true })
      .all();
    return { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0, ...Object.fromEntries(rows) };
  }

  /** What is there already and goes on. */
  #raise({ asset, jobClass, path, poolKey }: JobRequest, now: number, arrival: number | undefined): Job {
    const rank = JOB_CLASSES.indexOf(jobClass);
    this.db.statement(RAISE).run(rank, path, now, asset, poolKey, rank, path);
    if (arrival !== undefined) this.db.statement(LINE_UP).run(arrival, asset, poolKey, rank);
    return this.#one('asset = ? AND pool_key = ?', asset, poolKey);
  }

  #lastArrival(): number {
    const sql = 'SELECT coalesce(max(arrival), 0) FROM job';
    return this.db.statement<[number]>(sql, { raw: true }).get()?.[0] ?? 0;
  }

  #next(classes: readonly JobClass[], without: readonly JobId[]): number | undefined {
    const holds = this.holds();
    const [others, left] = without.length === 0 ? ['', []] : [NOT_AMONG, [JSON.stringify(without)]];
    for (const jobClass of JOB_CLASSES.filter((each) => classes.includes(each))) {
      const free = notHeld(holds, jobClass);
      if (free === undefined) continue;
      const sql = `SELECT id FROM job WHERE state = 'waiting' AND class = ?${free.sql}${others} ORDER BY arrival LIMIT 1`;
      const row = this.db.statement<{ id: number }>(sql).get(JOB_CLASSES.indexOf(jobClass), ...free.values, ...left);
      if (row !== undefined) return row.id;
    }
    return undefined;
  }

  #start(id: number, worker: string, milliseconds: number): Lease {
    const token = randomBytes(16).toString('hex');
    const [now, expiresAt] = [this.clock.now(), this.clock.now() + milliseconds];
    const sql = `UPDATE job SET state = 'running', attempts = attempts + 1, worker = ?, token = ?, expires_at = ?,
      updated_at = ? WHERE id = ?`;
    this.db.statement(sql).run(worker, token, expiresAt, now, id);
    return { job: this.#one('id = ?', id), token, expiresAt };
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
