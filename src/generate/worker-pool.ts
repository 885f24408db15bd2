/**
 * The workers that make proxies: take jobs from the queue, one each, until stopped.
 *
 * Promises: no more than `workers` encoders at a time; none starts while the disk is
 * short; a job whose lease was lost is dropped at once; `stop` resolves when no encoder
 * runs, no temporary file is left and interrupted jobs are back in the queue.
 * Concurrency: all state belongs to the event loop; each worker is one async loop.
 */

import { availableParallelism, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../base/error.js';
import type { AssetId, JobId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import type { Job, Lease } from '../jobs/queue.js';
import { DiskRoom } from './disk-room.js';
import type { Generation } from './generation.js';
import { LeaseKeeper } from './lease-keeper.js';
import { type JobObserver, type JobOutcome, runJob } from './run-job.js';

export interface WorkerPoolOptions {
  /** Encoders at a time; default half the cores, since each encoder has threads of its own. */
  readonly workers?: number | undefined;
  /** Bytes that stay free on the pool's file system; default 1 GiB. */
  readonly reserveBytes?: number | undefined;
  /** Asked before each job: why none may be started now, undefined when one may. */
  readonly whyNot?: (() => Promise<string | undefined>) | undefined;
  /** How long a job stays with a worker that says nothing; default 15 s. */
  readonly leaseMs?: number | undefined;
  /** Wait of a worker after a failure that may pass; default 1 s. */
  readonly backOffMs?: number | undefined;
  /** Called after each job, when catalog and queue say the same. */
  readonly onFinished?: ((finished: FinishedJob) => void) | undefined;
}

export interface FinishedJob {
  readonly job: JobId;
  readonly asset: AssetId;
  readonly profile: string;
  /** The name it was read under; undefined when the file was gone. */
  readonly path: VirtualPath | undefined;
  readonly outcome: JobOutcome;
}

/** As shown by `status`. */
export interface RunningJob {
  readonly job: JobId;
  readonly asset: AssetId;
  readonly path: VirtualPath;
  readonly frame: number;
  /** null while unknown. */
  readonly frames: number | null;
  /** Frames a second of encoding. */
  readonly fps: number;
  /** Times real time. */
  readonly speed: number;
  readonly etaSeconds: number | null;
}

const DEFAULT_LEASE_MS = 15_000;
const DEFAULT_RESERVE = 1 << 30;
/** How often an idle worker looks by itself: jobs of workers that died become free without notice. */
const IDLE_MS = 2000;
const NO_SPACE_MS = 5000;
const DEFAULT_BACK_OFF_MS = 1000;

export class WorkerPool {
  readonly #generation: Generation;
  readonly #options: WorkerPoolOptions;
  readonly #running = new Map<JobId, RunningJob>();
  /** One for each job at work. */
  readonly #atWork = new Set<AbortController>();
  /** Two copies of a clip have one key: the second worker waits and takes what the first made. */
  readonly #making = new Map<PoolKey, Promise<unknown>>();
  #isStopping = false;
  #loops: Promise<unknown> | undefined;
  #alarm = new AbortController();
  #paused: string | undefined;
  readonly #room: DiskRoom;

  constructor(generation: Generation, options: WorkerPoolOptions = {}) {
    this.#generation = generation;
    this.#options = options;
    const { clock, log, pool } = generation;
    const reserveBytes = options.reserveBytes ?? DEFAULT_RESERVE;
    this.#room = new DiskRoom({ directory: pool.directory, reserveBytes, clock, log });
  }

  /** Removes what dead processes left in the pool's temporary folder, then starts the workers. */
  async start(): Promise<void> {
    if (this.#loops !== undefined) return;
    this.#isStopping = false;
    const workers = this.#options.workers ?? Math.max(1, Math.floor(availableParallelism() / 2));
    const swept = this.#sweep();
    this.#loops = Promise.all(Array.from({ length: workers }, (_, index) => this.#loop(index, swept)));
    await swept;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const job of this.#atWork) job.abort(new ProxyfsError('job/cancelled', 'the daemon stops'));
    this.wake();
    await this.#loops;
    this.#loops = undefined;
  }

  /** New jobs are in the queue: idle workers look at once. */
  wake(): void {
    this.#room.forget();
    this.#paused = undefined;
    this.#alarm.abort();
    this.#alarm = new AbortController();
  }

  running(): readonly RunningJob[] {
    return [...this.#running.values()];
  }

  /** Why no job is started although there are some; undefined when nothing is in the way. */
  pausedBecause(): string | undefined {
    return this.#paused;
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

  async #loop(index: number, swept: Promise<void>): Promise<void> {
    await swept;
    const worker = `${hostname()}:${process.pid}:${index}`;
    while (!this.#isStopping) {
      // Taken before the look at the queue: a job that arrives in between ends the pause at once.
      const alarm = this.#alarm.signal;
      try {
        await pause(await this.#turn(worker), alarm);
      } catch (error) {
        // The queue itself failed (a full disk under the catalog): the worker stays, and says so.
        this.#generation.log.error({ err: error, worker }, 'a worker could not take a job; it tries again');
        await pause(NO_SPACE_MS, alarm);
      }
    }
  }

  /** Does one job if there is one; returns how long to wait before the next turn. */
  async #turn(worker: string): Promise<number> {
    if (!(await this.#mayStart())) return NO_SPACE_MS;
    const lease = this.#isStopping ? undefined : this.#generation.queue.lease(worker, this.#leaseMs);
    if (lease === undefined) return IDLE_MS;
    const outcome = await this.#work(lease);
    if (outcome.kind === 'no-space') {
      await this.#room.ranOut();
      return (await this.#mayStart()) ? 0 : NO_SPACE_MS;
    }
    return outcome.kind === 'retry' ? (this.#options.backOffMs ?? DEFAULT_BACK_OFF_MS) : 0;
  }

  async #work(leased: Lease): Promise<JobOutcome> {
    const { job } = leased;
    const abort = new AbortController();
    const keep = new LeaseKeeper(this.#generation, leased, this.#leaseMs, abort);
    this.#atWork.add(abort);
    let path: VirtualPath | undefined;
    try {
      const observer: JobObserver = {
        signal: abort.signal,
        lease: () => keep.lease,
        onStart: (name, frames) => {
          path = name;
          this.#running.set(job.id, startOf(job, name, frames));
        },
        onProgress: (progress) => this.#update(job.id, (row) => advance(row, progress)),
      };
      const work = () => this.#room.watch(abort, () => runJob(this.#generation, observer));
      const outcome = await this.#inTurn(job.poolKey, work);
      this.#running.delete(job.id);
      this.#finished({ job: job.id, asset: job.asset, profile: job.profile, path, outcome });
      return outcome;
    } finally {
      keep.stop();
      this.#running.delete(job.id);
      this.#atWork.delete(abort);
    }
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

  #update(job: JobId, change: (row: RunningJob) => RunningJob): void {
    const row = this.#running.get(job);
    if (row !== undefined) this.#running.set(job, change(row));
  }

  #finished(finished: FinishedJob): void {
    try {
      this.#options.onFinished?.(finished);
    } catch (error) {
      this.#generation.log.error({ err: error, job: finished.job }, 'the end of a job could not be acted upon');
    }
  }

  async #mayStart(): Promise<boolean> {
    const reason = (await this.#room.whyNot()) ?? (await this.#options.whyNot?.());
    if (reason !== undefined && this.#paused === undefined) this.#generation.log.warn(reason);
    if (reason === undefined && this.#paused !== undefined)
      this.#generation.log.info('there is room for proxies again');
    this.#paused = reason;
    return reason === undefined;
  }

  get #leaseMs(): number {
    return this.#options.leaseMs ?? DEFAULT_LEASE_MS;
  }
}

function startOf(job: Job, path: VirtualPath, frames: number | undefined): RunningJob {
  const unknown = { frame: 0, fps: 0, speed: 0, etaSeconds: null };
  return { job: job.id, asset: job.asset, path, frames: frames ?? null, ...unknown };
}

function advance(row: RunningJob, { frame, fps, speed }: EncodeProgress): RunningJob {
  const left = row.frames === null ? undefined : Math.max(0, row.frames - frame);
  const etaSeconds = left === undefined || fps <= 0 ? null : left / fps;
  return { ...row, frame, fps, speed, etaSeconds };
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return;
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
