/** `status`: how far the project is. */

import { statfs } from 'node:fs/promises';
import type { Result } from '../../src/control/schema.js';
import type { RunningJob } from '../../src/generate/running-job.js';
import type { Daemon } from '../daemon.js';
import { type FailedProxy, failedProxies } from '../failed.js';
import { followState } from '../offline.js';
import { summaryOf } from '../summary.js';
import { workOf } from './queue.js';
import { toModeState } from './report.js';

export async function status(daemon: Daemon): Promise<Result<'status'>> {
  const { files, modes, production, volume } = daemon;
  const summary = await summaryOf(daemon);
  const { total, eligible, ineligible } = summary;
  const jobs = files.queue.counts();
  const failed = failedProxies(daemon);
  const failedBy = countFailures(failed);
  const { used, segments, free } = await files.pool.space();
  const work = workOf(daemon);
  return {
    mode: toModeState(modes.state),
    scan: production.scanState,
    follow: followState(daemon),
    assets: {
      ...{ total, eligible, ineligible },
      ready: summary.ready,
      missing: summary.missing,
      failed: summary.failed,
    },
    serving: countServing(daemon),
    space: {
      masters: summary.masterBytes,
      mastersWithProxy: summary.readyBytes,
      proxies: used - segments,
      poolFree: free,
      stateFree: await freeAt(daemon.record.stateDir),
    },
    jobs: { waiting: jobs.waiting, running: jobs.running, failed: failed.length, done: jobs.done },
    etaSeconds: work.encoders === 0 ? null : etaOf(daemon, jobs.waiting, work.holds.length > 0),
    work,
    cache: await cacheState(daemon),
    running: production.running().map((row) => toRunning(row, production.suspended().has(row.job))),
    ineligibleBy: [...summary.ineligibleBy],
    failedBy,
    counters: { ...volume.counters() },
  };
}

/** What stands still has no pace, and nobody knows until when. */
function toRunning(row: RunningJob, suspended: boolean): Result<'status'>['running'][number] {
  const { path, frame, frames } = row;
  const { fps, speed, etaSeconds } = suspended ? { fps: 0, speed: 0, etaSeconds: null } : row;
  return { path, frame, frames, fps, speed, etaSeconds, suspended };
}

async function freeAt(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

async function cacheState({ cache, files }: Daemon): Promise<Result<'status'>['cache']> {
  const { pins, ...state } = await cache.keeper.state();
  const { scrubFinishedAt } = files.cacheBook.totals();
  return { ...state, pins: [...pins], scrubFinishedAt: scrubFinishedAt === 0 ? null : scrubFinishedAt };
}

/** The clips at work, and then those that wait, at the pace of late. Nobody knows when what is held will be done. */
function etaOf({ production }: Daemon, waiting: number, isHeld: boolean): number | null {
  if (waiting > 0 && (isHeld || production.budget().awaitedOnly)) return null;
  const etas = production.running().map(({ etaSeconds }) => etaSeconds ?? 0);
  const current = Math.max(0, ...etas);
  if (waiting === 0) return current > 0 ? current : null;
  const queued = production.secondsUntil(waiting);
  return queued === undefined ? null : current + queued;
}

function countFailures(failed: readonly FailedProxy[]): Result<'status'>['failedBy'] {
  const byReason = new Map<string, FailedProxy[]>();
  for (const each of failed) {
    const same = byReason.get(each.reason);
    if (same === undefined) byReason.set(each.reason, [each]);
    else same.push(each);
  }
  const rows = [...byReason].map(([reason, same]) => {
    const others = same.filter(({ isServed }) => !isServed).map(({ profile }) => profile);
    return { reason, count: countClips(same), otherSets: [...new Set(others)].sort() };
  });
  return rows.sort((a, b) => b.count - a.count);
}

/** A clip may have failed in several sets. */
function countClips(failed: readonly FailedProxy[]): number {
  return new Set(failed.map(({ asset }) => asset)).size;
}

function countServing({ serving }: Daemon): { proxy: number; master: number } {
  const { replaced, size } = serving.view;
  return { proxy: replaced, master: size - replaced };
}
