/** The queue as people see and steer it: list, pause, resume, cancel. */

import type { JobId } from '../../src/base/ids.js';
import { toVirtualPath, type VirtualPath } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import { type Hold, isEverything } from '../../src/jobs/hold.js';
import type { ListedJob } from '../../src/jobs/queue.js';
import type { Daemon } from '../daemon.js';
import { failedProxies } from '../failed.js';
import { assertKnown, existingPaths } from './paths.js';

const DEFAULT_LIMIT = 200;

export async function listQueue(daemon: Daemon, params: Params<'queue.list'>): Promise<Result<'queue.list'>> {
  const { queue } = daemon.files;
  const path = toVirtualPath(params.path ?? '');
  const limit = params.limit ?? DEFAULT_LIMIT;
  const failures = failedProxies(daemon);
  // The queue keeps those whose clip has its proxy by now, was replaced, or is gone: nobody has to care for them.
  const failed = new Set(failures.map(({ asset, profile }) => `${asset} ${profile}`));
  const ask = (state: ListedJob['state']) =>
    state === 'failed'
      ? queue.list({ state, path }).filter(({ asset, profile }) => failed.has(`${asset} ${profile}`))
      : queue.list({ state, path, limit: limit + 1 });
  const jobs = params.state === undefined ? [...ask('running'), ...ask('waiting')] : ask(params.state);
  if (jobs.length === 0) await assertKnown(daemon, path);
  const { waiting, running, done, cancelled } = queue.counts();
  return {
    jobs: jobs.slice(0, limit).map((job) => toQueuedJob(daemon, job)),
    more: jobs.length > limit,
    counts: { waiting, running, failed: failures.length, done, cancelled },
    work: workOf(daemon),
  };
}

export async function pauseQueue(
  daemon: Daemon,
  params: Params<'queue.pause'>,
  context: CallContext,
): Promise<Result<'queue.pause'>> {
  const { queue } = daemon.files;
  const paths = await existingPaths(daemon, params.paths.length === 0 ? [''] : params.paths);
  const until = params.seconds === undefined ? undefined : Date.now() + params.seconds * 1000;
  const holds = paths.map((path) => queue.pause({ path, jobClass: params.jobClass }, until));
  daemon.production.recheck();
  daemon.log.info({ holds, by: context.by }, 'the making of proxies was paused');
  for (const { path, jobClass } of holds) {
    const facts = { reason: 'it was asked for', scope: jobClass ?? 'all' };
    daemon.files.journal.record({ kind: 'paused', path, who: context.by, facts });
  }
  return { holds: holds.map(toHold), work: workOf(daemon) };
}

export async function resumeQueue(
  daemon: Daemon,
  params: Params<'queue.resume'>,
  context: CallContext,
): Promise<Result<'queue.resume'>> {
  const paths = params.paths.length === 0 ? [''] : params.paths;
  // What was paused may be gone by now.
  const ended = paths.flatMap((path) =>
    daemon.files.queue.resume({ path: toVirtualPath(path), jobClass: params.jobClass }),
  );
  daemon.production.recheck();
  daemon.log.info({ ended, by: context.by }, 'the making of proxies was resumed');
  for (const { path, jobClass } of ended) {
    const facts = { reason: 'it was asked for', scope: jobClass ?? 'all' };
    daemon.files.journal.record({ kind: 'resumed', path, who: context.by, facts });
  }
  return { ended: ended.map(toHold), work: workOf(daemon) };
}

export async function cancelJobs(
  daemon: Daemon,
  params: Params<'queue.cancel'>,
  context: CallContext,
): Promise<Result<'queue.cancel'>> {
  const { queue } = daemon.files;
  const jobs = openJobs(daemon, params.paths.map(toVirtualPath));
  const cancelled = queue.cancel(
    [...jobs.keys()],
    "it was cancelled by hand: 'proxyfs prewarm' or opening the file asks for it again",
  );
  daemon.production.recheck();
  daemon.log.info({ paths: params.paths, cancelled, by: context.by }, 'jobs were cancelled');
  for (const { asset, path, profile } of jobs.values()) {
    daemon.files.journal.record({ kind: 'cancelled', path, asset, who: context.by, facts: { profile } });
  }
  return { cancelled, running: [...jobs.values()].filter((job) => job.state === 'running').length };
}

/** How much is done at this moment, and what is in the way of more. */
export function workOf({ files, production, workers }: Daemon): Result<'queue.list'>['work'] {
  const holds = files.queue.holds();
  const { encoders, reason } = production.budget();
  const obstacle = production.pausedBecause();
  const startsNone = holds.some(isEverything) || (obstacle !== undefined && production.running().length === 0);
  return {
    encoders: startsNone ? 0 : encoders,
    workers,
    reason: obstacle ?? reason ?? null,
    holds: holds.map(toHold),
  };
}

function openJobs({ files }: Daemon, paths: readonly VirtualPath[]): ReadonlyMap<JobId, ListedJob> {
  const found = new Map<JobId, ListedJob>();
  for (const path of paths) {
    for (const state of ['waiting', 'running'] as const) {
      for (const job of files.queue.list({ state, path })) found.set(job.id, job);
    }
  }
  return found;
}

function toQueuedJob(daemon: Daemon, job: ListedJob): Result<'queue.list'>['jobs'][number] {
  const { production } = daemon;
  const row = production.running().find((each) => each.job === job.id);
  const isSuspended = production.suspended().has(job.id);
  return {
    path: row?.path ?? job.path,
    profile: job.profile,
    jobClass: job.jobClass,
    state: job.state,
    suspended: isSuspended,
    position: job.position ?? null,
    attempts: job.attempts,
    reason: (job.state === 'waiting' ? production.waitsFor(job.id) : undefined) ?? job.reason ?? null,
    createdAt: job.createdAt,
    etaSeconds: isSuspended || job.hold !== undefined ? null : etaOf(daemon, job, row?.etaSeconds ?? null),
    hold: job.hold === undefined ? null : toHold(job.hold),
  };
}

function etaOf(daemon: Daemon, job: ListedJob, ofRunning: number | null): number | null {
  const { production } = daemon;
  if (job.state === 'running') return ofRunning;
  const waitsForOthers = production.budget().awaitedOnly && (job.jobClass === 'footage' || job.jobClass === 'backlog');
  const isAtRest = waitsForOthers || production.pausedBecause() !== undefined;
  return job.position === undefined || isAtRest ? null : (production.secondsUntil(job.position) ?? null);
}

function toHold({ path, jobClass, since, until }: Hold): Result<'queue.list'>['work']['holds'][number] {
  return { path, jobClass: jobClass ?? null, since, until: until ?? null };
}
