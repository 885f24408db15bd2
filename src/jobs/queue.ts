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

/** Higher first; the order of arrival decides within a class. */
export const JOB_CLASSES = ['interactive', 'prewarm', 'footage', 'backlog'] as const;
export type JobClass = (typeof JOB_CLASSES)[number];

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobRequest {
  readonly asset: AssetId;
  readonly poolKey: PoolKey;
  readonly profile: string;
  readonly jobClass: JobClass;
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

export interface Lease {
  readonly job: Job;
  readonly token: string;
  readonly expiresAt: number;
}

export interface JobQueue {
  /**
   * Adds jobs that are not there yet; raises the class of waiting ones; a failed one is left unless
   * `retryFailed`; one that is done or cancelled starts anew, since its proxy is asked for and not
   * there. Returns the job of each request, in order.
   */
  enqueue(requests: readonly JobRequest[], options?: { retryFailed?: boolean }): readonly Job[];
  /** The next waiting job (or one whose lease ended: that attempt counts), or undefined. */
  lease(worker: string, milliseconds: number): Lease | undefined;
  /** Throws `job/lease-lost` when the token is no longer valid. */
  renew(lease: Lease, milliseconds: number): Lease;
  complete(lease: Lease): void;
  /** `retry`: back to waiting (bounded by the backend's limit of attempts), else failed for good. */
  fail(lease: Lease, reason: string, options: { retry: boolean }): Job;
  /** Gives an interrupted job back without counting an attempt. */
  release(lease: Lease): void;
  /** Ends waiting and running jobs; the lease of a running one is lost. Returns how many. */
  cancel(ids: readonly JobId[]): number;
  get(id: JobId): Job | undefined;
  /** The newest job of an asset, in any profile or in one. */
  latestOf(asset: AssetId, profile?: string): Job | undefined;
  /** Waiting jobs in the order in which they will be leased, others the latest arrival first. */
  list(filter?: { state?: JobState; limit?: number }): readonly Job[];
  counts(): Readonly<Record<JobState, number>>;
}
