/**
 * The workers that make proxies: take jobs from the queue until stopped.
 *
 * Promises: no more than the budget's encoders at a time, and never more than `workers`; none
 * starts while the disk is short; a job whose lease was lost is dropped at once; `stop`
 * resolves when no encoder runs, no temporary file is left and interrupted jobs are back in
 * the queue. Concurrency: all state belongs to the event loop; one loop hands out the jobs.
 */

import { availableParallelism, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../base/error.js';
import type { AssetId, JobId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import { isMortal, type Manner } from '../ffmpeg/launcher.js';
import { holdOf, isEverything } from '../jobs/hold.js';
import type { JobClass } from '../jobs/job-class.js';
import type { Job, Lease } from '../jobs/queue.js';
import type { Loan } from '../segments/work-off.js';
import { Companions } from './companions.js';
import { type Budget, Crew, type Member } from './crew.js';
import type { Generation } from './generation.js';
import { LeaseKeeper } from './lease-keeper.js';
import { type NextJob, Obstacles } from './obstacles.js';
import { type JobObserver, runJob } from './run-job.js';
import { advance, type RunningJob, startOf } from './running-job.js';
import type { JobOutcome } from './settle-job.js';

export interface WorkerPoolOptions {
  /** Encoders at a time; default half the cores, since each encoder has threads of its own. */
  readonly workers?: number | undefined;
  /** Bytes that stay free on the pool's file system; default 1 GiB. */
  readonly reserveBytes?: number | undefined;
  /** Asked before each job: why it may not be started now, undefined when it may. */
  readonly whyNot?: ((job: Job) => Promise<string | undefined>) | undefined;
  /** How long a job stays with a worker that says nothing; default 15 s. */
  readonly leaseMs?: number | undefined;
  /** Wait of a worker after a failure that may pass; default 1 s. */
  readonly backOffMs?: number | undefined;
  /** How the programs of a job are run; default at low priority, on all cores. */
  readonly mannerOf?: ((jobClass: JobClass) => Omit<Manner, 'pace'>) | undefined;
  /** Called after each job, when catalog and queue say the same. */
  readonly onFinished?: ((finished: FinishedJob) => void) | undefined;
  /** Called when a job begins to read its master; must not throw. */
  readonly onStarted?: ((job: Job, path: VirtualPath) => void) | undefined;
}

export interface FinishedJob {
  readonly job: JobId;
  readonly asset: AssetId;
  readonly profile: string;
  /** The name it was read under; undefined when the file was gone. */
  readonly path: VirtualPath | undefined;
  readonly outcome: JobOutcome;
}

const LOW_PRIORITY: Manner = { priority: 'low' };
const DEFAULT_LEASE_MS = 15_000;
const DEFAULT_RESERVE = 1 << 30;
/** How often an idle worker looks by itself: jobs of workers that died become free without notice. */
const IDLE_MS = 2000;
const NO_SPACE_MS = 5000;
const DEFAULT_BACK_OFF_MS = 1000;

export class WorkerPool {
  readonly #generation: Generation;
  readonly #options: WorkerPoolOptions;
  readonly #workers: number;
  readonly #crew: Crew;
  readonly #obstacles: Obstacles;
  readonly #atWork = new Set<Promise<void>>();
  /** Two copies of a clip have one key: the second worker waits and takes what the first made. */
  readonly #making = new Map<PoolKey, Promise<unknown>>();
  /** Leases of what is at work. */
  readonly #kept = new Set<Pick<LeaseKeeper, 'renewIfOverdue'>>();
  #isStopping = false;
  #loop: Promise<void> | undefined;
  #alarm = new AbortController();
  #budget: Budget;
  #canSuspend = false;
  /** There was a job at the last look, or none was looked for. */
  #hasMore = true;
  /** After a failure that may pass the next job waits for a moment; of the clock that nobody sets. */
  #notBefore = 0;

  constructor(generation: Generation, options: WorkerPoolOptions = {}) {
    this.#generation = generation;
    this.#options = options;
    this.#workers = options.workers ?? Math.max(1, Math.floor(availableParallelism() / 2));
    this.#budget = { encoders: this.#workers, awaitedOnly: false };
    this.#crew = new Crew(this.#workers, () => this.#canSuspend);
    const { reserveBytes = DEFAULT_RESERVE, whyNot } = options;
    this.#obstacles = new Obstacles(generation, { reserveBytes, whyNot });
  }

  /** Removes what dead processes left in the pool's temporary folder, then starts the workers. */
  async start(): Promise<void> {
    if (this.#loop !== undefined) return;
    this.#isStopping = false;
    this.#canSuspend = await isMortal();
    const swept = this.#sweep();
    this.#loop = this.#handOut(swept);
    await swept;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { abort } of this.#crew.members) abort.abort(new ProxyfsError('job/cancelled', 'the daemon stops'));
    this.wake();
    await this.#loop;
    await Promise.all(this.#atWork);
    this.#loop = undefined;
  }

  /** New jobs are in the queue: idle workers look at once. */
  wake(): void {
    this.#obstacles.forget();
    // Not looked for while all encoders are busy: a lent one goes to the new job when it is offered back.
    this.#hasMore = true;
    this.#again();
  }

  /** How much may be done from now on; running jobs beyond it stand still until there is more. */
  use(budget: Budget): void {
    this.#budget = { ...budget, encoders: Math.min(budget.encoders, this.#workers) };
    this.#obey();
    this.#again();
  }

  /** Holds or jobs were changed by somebody else than the workers: what runs obeys at once. */
  recheck(): void {
    this.#obey();
    this.#again();
  }

  running(): readonly RunningJob[] {
    return this.#crew.members.flatMap(({ row }) => row ?? []);
  }

  /** Whether there is anything to do, as far as is known. */
  isBusy(): boolean {
    return this.#atWork.size > 0 || this.#hasMore;
  }

  /** Of those that run, the ones that stand still for now. */
  suspended(): ReadonlySet<JobId> {
    return new Set(this.#crew.members.filter(({ pace }) => pace.isSuspended).map(({ job }) => job().id));
  }

  /** Why no job is started although there are some; undefined when nothing is in the way. */
  pausedBecause(): string | undefined {
    return this.#obstacles.reason;
  }

  /** Why this one was not started when its turn came, while others may be; as of the last look. */
  waitsFor(job: JobId): string | undefined {
    return this.#obstacles.waitsFor(job);
  }

  /** What kind of obstacle that is. */
  get obstacle(): 'ffmpeg/missing' | 'system/no-space' {
    return this.#obstacles.code;
  }

  async #sweep(): Promise<void> {
    const { pool, log } = this.#generation;
    try {
      const swept = await pool.sweep();
      if (swept > 0) log.info({ swept }, 'unfinished proxies of an earlier run were removed');
    } catch (error) {
      log.warn({ err: error }, 'unfinished proxies of an earlier run could not be removed');
    }
  }

  async #handOut(swept: Promise<void>): Promise<void> {
    await swept;
    const worker = `${hostname()}:${process.pid}`;
    while (!this.#isStopping) {
      // Taken before the look at the queue: a job that arrives in between ends the pause at once.
      const alarm = this.#alarm.signal;
      try {
        await pause(await this.#turn(worker), alarm);
      } catch (error) {
        // The queue itself failed (a full disk under the catalog): the workers stay, and say so.
        this.#generation.log.error({ err: error, worker }, 'no job could be taken; it is tried again');
        await pause(NO_SPACE_MS, alarm);
      }
    }
  }

  /** Starts one job if there is one and it may run; returns how long to wait before the next turn. */
  async #turn(worker: string): Promise<number> {
    // A pause may have come to its end by itself.
    this.#obey();
    const wait = this.#notBefore - performance.now();
    if (wait > 0) return wait;
    if (this.#crew.openings().length === 0) return IDLE_MS;
    if (!(await this.#obstacles.mayStart())) return NO_SPACE_MS;
    if (this.#isStopping) return 0;
    // The queue takes back what has ended by the clock, which jumps when the machine was asleep.
    for (const each of this.#kept) each.renewIfOverdue();
    const next = await this.#obstacles.nextJob(this.#crew.openings());
    if (next !== undefined) await this.#generation.renewToolchain?.();
    if (this.#isStopping) return 0;
    const lease = next && this.#take(worker, next);
    // Another one has come first meanwhile, or the crew has changed.
    if (lease === undefined && next !== undefined) return 0;
    // While all encoders work, only what goes before that is looked for.
    if (lease !== undefined || this.#crew.hasRoom) this.#hasMore = lease !== undefined;
    if (lease === undefined) return this.#obstacles.reason === undefined ? IDLE_MS : NO_SPACE_MS;
    const work = this.#settle(lease, worker).finally(() => {
      this.#atWork.delete(work);
      this.#again();
    });
    this.#atWork.add(work);
    return 0;
  }

  /** Only the job that was looked at: whether another one finds room nobody knows. */
  #take(worker: string, { id, passedOver }: NextJob): Lease | undefined {
    const { queue } = this.#generation;
    const lease = queue.lease(worker, this.#leaseMs, this.#crew.openings(), passedOver);
    if (lease === undefined || lease.job.id === id) return lease;
    queue.release(lease);
    return undefined;
  }

  /** What is paused altogether stands still; what is paused in part makes room, and what was cancelled ends. */
  #obey(): void {
    const { queue } = this.#generation;
    const holds = queue.holds();
    const isPaused = holds.some(isEverything);
    this.#crew.use(isPaused ? { ...this.#budget, encoders: 0 } : this.#budget);
    for (const { job, abort } of this.#crew.members) {
      const isHeld = !isPaused && holdOf(job(), holds) !== undefined;
      if (isHeld) abort.abort(new ProxyfsError('job/cancelled', 'it was paused'));
      else if (queue.get(job().id)?.state !== 'running') {
        abort.abort(new ProxyfsError('job/cancelled', 'it was cancelled'));
      }
    }
  }

  async #settle(lease: Lease, worker: string): Promise<void> {
    const { log } = this.#generation;
    try {
      const outcome = await this.#work(lease, worker);
      await this.#obstacles.after(lease.job, outcome);
      if (outcome.kind === 'retry')
        this.#notBefore = performance.now() + (this.#options.backOffMs ?? DEFAULT_BACK_OFF_MS);
    } catch (error) {
      log.error({ err: error, job: lease.job.id }, 'a job could not be settled; its lease runs out');
      this.#notBefore = performance.now() + NO_SPACE_MS;
    }
  }

  async #work(leased: Lease, worker: string): Promise<JobOutcome> {
    const { job } = leased;
    const abort = new AbortController();
    const keep = new LeaseKeeper(this.#generation, leased, this.#leaseMs, abort);
    const member = this.#crew.join(() => keep.lease.job, abort);
    const companions = new Companions(this.#generation, { worker, leaseMs: this.#leaseMs });
    const kept = [keep, companions];
    for (const each of kept) this.#kept.add(each);
    let path: VirtualPath | undefined;
    try {
      const observer: JobObserver = {
        signal: abort.signal,
        lease: () => keep.lease,
        onStart: (name, frames) => {
          path = name;
          member.row = startOf(job, name, frames);
          this.#options.onStarted?.(job, name);
        },
        onProgress: (progress) => {
          member.row &&= advance(member.row, progress);
        },
        companions,
        onCompanion: (other, outcome) =>
          this.#finished({ job: other.id, asset: other.asset, profile: other.profile, path, outcome }),
      };
      const generation = this.#mannered(member);
      const work = () => this.#obstacles.room.watch(abort, () => runJob(generation, observer));
      const outcome = await this.#inTurn(job.poolKey, work);
      member.row = undefined;
      this.#finished({ job: job.id, asset: job.asset, profile: job.profile, path, outcome });
      return outcome;
    } finally {
      for (const each of kept) this.#kept.delete(each);
      keep.stop();
      companions.close();
      this.#crew.leave(member);
    }
  }

  /** All programs of one job are run alike and held up together. */
  #mannered(member: Member): Generation {
    const { job, pace } = member;
    const manner = { ...(this.#options.mannerOf?.(job().jobClass) ?? LOW_PRIORITY), pace };
    return {
      ...this.#generation,
      toolchain: { ...this.#generation.toolchain, manner },
      borrow: () => this.#lend(member),
      keepFree: this.#obstacles.room.least,
    };
  }

  /** Only while no other job could use the encoder. */
  #lend(member: Member): Loan | undefined {
    const loan = this.#hasMore ? undefined : this.#crew.lend(member);
    if (loan === undefined) return undefined;
    const end = () => {
      loan.end();
      this.#again();
    };
    const offer = () => {
      if (!this.#hasMore && loan.offer()) return true;
      end();
      return false;
    };
    return { ...loan, offer, end };
  }

  async #inTurn<T>(key: PoolKey, task: () => Promise<T>): Promise<T> {
    const before = this.#making.get(key) ?? Promise.resolve();
    const mine = before.then(task, task);
    this.#making.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#making.get(key) === mine) this.#making.delete(key);
    }
  }

  #again(): void {
    this.#alarm.abort();
    this.#alarm = new AbortController();
  }

  #finished(finished: FinishedJob): void {
    try {
      this.#options.onFinished?.(finished);
    } catch (error) {
      this.#generation.log.error({ err: error, job: finished.job }, 'the end of a job could not be acted upon');
    }
  }

  get #leaseMs(): number {
    return this.#options.leaseMs ?? DEFAULT_LEASE_MS;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
