/** Rows of the table `job` as jobs. */

import type { AssetId, JobId, PoolKey } from '../base/ids.js';
import { invariant } from '../base/invariant.js';
import type { VirtualPath } from '../base/paths.js';
import { type Hold, holdOf } from './hold.js';
import { JOB_CLASSES } from './job-class.js';
import type { Job, JobRequest, JobState, ListedJob } from './queue.js';

export interface StoredJob {
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
  readonly path: string;
}

export interface ListedRow extends StoredJob {
  readonly position: number | null;
}

/** As it is in the table now, without reading it back. */
export function newJob(request: JobRequest, [id, createdAt]: readonly [JobId, number], now: number): Job {
  const { asset, poolKey, profile, jobClass, path } = request;
  const since = { createdAt, updatedAt: now };
  return { id, asset, poolKey, profile, jobClass, path, state: 'waiting', attempts: 0, reason: undefined, ...since };
}

export function toJob(row: StoredJob): Job {
  const jobClass = JOB_CLASSES[row.class];
  invariant(jobClass !== undefined, `job ${row.id} has a class`);
  return {
    id: row.id as JobId,
    asset: row.asset as AssetId,
    poolKey: row.pool_key as PoolKey,
    profile: row.profile,
    jobClass,
    path: row.path as VirtualPath,
    state: row.state,
    attempts: row.attempts,
    reason: row.reason ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toListedJob(row: ListedRow, holds: readonly Hold[]): ListedJob {
  const job = toJob(row);
  const isOpen = job.state === 'waiting' || job.state === 'running';
  return { ...job, position: row.position ?? undefined, hold: isOpen ? holdOf(job, holds) : undefined };
}
