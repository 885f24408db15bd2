/** `status`: how far the project is. */

import { statfs } from 'node:fs/promises';
import type { Result } from '../../src/control/schema.js';
import type { RunningJob } from '../../src/generate/running-job.js';
import type { Daemon } from '../daemon.js';
import { followState } from '../offline.js';
import { summaryOf } from '../summary.js';
import { workOf } from './queue.js';
import { toModeState } from './report.js';

export async function status(daemon: Daemon): Promise<Result<'status'>> {
  const { files, modes, production, volume } = daemon;
  const summary = await summaryOf(daemon);
  const { total, eligible, ineligible } = summary;
  const { waiting, running, failed, done } = files.queue.counts();
  const failedBy = countFailures(daemon);
  const { used, free } = await files.pool.space();
  const work = workOf(daemon);
  return {
    mode: toModeState(modes.state),
    scan: production.scanState,
    follow: followState(daemon),
    assets: {
      ...{ total, eligible, ineligible },
      ready: summary.ready,
      missing: summary.missing,
      failed: failedBy.reduce((sum, { count }) => sum + count, 0),
    },
    serving: countServing(daemon),
    space: {
      masters: summary.masterBytes,
      mastersWithProxy: summary.readyBytes,
      proxies: used,
      poolFree: free,
      stateFree: await freeAt(daemon.record.stateDir),
    },
    jobs: { waiting, running, failed, done },
    etaSeconds: work.encoders === 0 ? null : etaOf(daemon, waiting),
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

/** The clips at work, and then those that wait, at the pace of late. */
function etaOf({ production }: Daemon, waiting: number): number | null {
  const etas = production.running().map(({ etaSeconds }) => etaSeconds ?? 0);
  const current = Math.max(0, ...etas);
  if (waiting === 0) return current > 0 ? current : null;
  const queued = production.secondsUntil(waiting);
  return queued === undefined ? null : current + queued;
}

function countFailures({ files, profileOf }: Daemon): { reason: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const failure of files.catalog.failures()) {
    if (failure.profile === profileOf([failure.path]))
      counts.set(failure.reason, (counts.get(failure.reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}

function countServing({ serving }: Daemon): { proxy: number; master: number } {
  const { replaced, size } = serving.view;
  return { proxy: replaced, master: size - replaced };
}
