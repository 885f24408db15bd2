/**
 * The queue of generation jobs, behind one interface so that a backend for several
 * machines can take the place of SQLite.
 *
 * Promises: a job exists once per (asset, pool key); a leased job is worked on by
 * exactly one worker until its lease ends; completing or failing needs the lease's
 * token; nothing is lost when a process dies, since an expired lease is ready again.
 * A backend whose workers die with it (SQLite: one daemon) gives running jobs back when it
 * is opened, without counting the attempt; a shared one has to wait for the leases to end.
 * Every method is synchronous and one transaction.
 */

import type { AssetId, JobId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Hold, HoldScope } from './hold.js';
import type { JobClass } from './job-class.js';

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobRequest {
  readonly asset: AssetId;
  readonly poolKey: PoolKey;
  readonly profile: string;
  readonly jobClass: JobClass;
  /** Where the clip lies now: what pausing a path goes by. */
  readonly path: VirtualPath;
}

export interface Job extends JobRequest {
  readonly id: JobId;
  readonly state: JobState;
  readonly attempts: number;
  /** Why it failed, or what went wrong the last time. */
  readonly reason: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A job among the others. */
export interface ListedJob extends Job {
  /** Of a waiting job: its turn, from 1, when nothing is held. */
  readonly position: number | undefined;
  /** What keeps a waiting or running job from being worked on. */
  readonly hold: Hold | undefined;
}

export interface ListFilter {
  readonly state?: JobState;
  readonly limit?: number;
  /** At or below this path. */
  readonly path?: VirtualPath;
}

export interface Lease {
  readonly job: Job;
  readonly token: string;
  readonly expiresAt: number;
}

export interface EnqueueOptions {
  readonly retryFailed?: boolean;
  readonly inTurn?: boolean;
}

export interface JobQueue {
  /**
   * Adds jobs that are not there yet; raises the class of waiting ones; a failed one is left unless
   * `retryFailed`; one that is done or cancelled starts anew, since its proxy is asked for and not
   * there, but what was cancelled with a reason only in the classes that somebody asks for.
   * `inTurn`: what waits already, in this class or a lower one, lines up anew, so that the
   * order of the requests is the order of the jobs.
   * Returns the job of each request, in order.
   */
  enqueue(requests: readonly JobRequest[], options?: EnqueueOptions): readonly Job[];
  /**
   * The next waiting job that nothing holds (or one whose lease ended: that attempt counts), of these
   * classes only and without these jobs.
   */
  lease(
    worker: string,
    milliseconds: number,
    classes?: readonly JobClass[],
    without?: readonly JobId[],
  ): Lease | undefined;
  /** The job that `lease` would start now. */
  next(classes?: readonly JobClass[], without?: readonly JobId[]): Job | undefined;
  /** The other waiting jobs of the same asset and class, in the order of their arrival: to be made in one pass. */
  leaseBeside(lease: Lease, worker: string, milliseconds: number): readonly Lease[];
  /** Throws `job/lease-lost` when the token is no longer valid. */
  renew(lease: Lease, milliseconds: number): Lease;
  complete(lease: Lease): void;
  /** `retry`: back to waiting (bounded by the backend's limit of attempts), else failed for good. */
  fail(lease: Lease, reason: string, options: { retry: boolean }): Job;
  /** Gives an interrupted job back without counting an attempt; `last`: behind the others of its class. */
  release(lease: Lease, options?: { last: boolean }): void;
  /** Ends waiting and running jobs; the lease of a running one is lost. Returns how many. A reason is a person's. */
  cancel(ids: readonly JobId[], reason?: string): number;
  /** From now on nothing in the scope is leased, until then or until it is resumed; over restarts too. */
  pause(scope: HoldScope, until?: number): Hold;
  /** Ends the holds at or below the path (of the class, where one is named), and returns them. */
  resume(scope: HoldScope): readonly Hold[];
  /** What is paused now, the widest first. */
  holds(): readonly Hold[];
  get(id: JobId): Job | undefined;
  /** The newest job of an asset, in any profile or in one. */
  latestOf(asset: AssetId, profile?: string): Job | undefined;
  /** Jobs of this profile that were done under this name, whichever file had it then; the latest first, a few. */
  doneAt(path: VirtualPath, profile: string): readonly Job[];
  /** Waiting jobs in the order in which they will be leased, others the latest arrival first. */
  list(filter?: ListFilter): readonly ListedJob[];
  counts(): Readonly<Record<JobState, number>>;
}
