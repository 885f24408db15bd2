/** `status`: how far the project is. */

import type { Result } from '../../src/control/schema.js';
import { usableProxy } from '../../src/view/resolve.js';
import type { Daemon } from '../daemon.js';
import { workOf } from './queue.js';
import { toModeState } from './report.js';

/** A pass over 100,000 assets takes a few tenths of a second: a client that polls gets the last one. */
const SUMMARY_AGE_MS = 2000;

interface Summary {
  readonly at: number;
  readonly ready: number;
  readonly missing: number;
  readonly masterBytes: number;
  readonly readyBytes: number;
  readonly ineligibleBy: readonly { code: string; reason: string; count: number }[];
}

const summaries = new WeakMap<Daemon, Summary>();

export async function status(daemon: Daemon): Promise<Result<'status'>> {
  const { files, modes, production, volume } = daemon;
  const summary = summaryOf(daemon);
  const { total, eligible, ineligible } = files.catalog.counts();
  const { waiting, running, failed, done } = files.queue.counts();
  const failedBy = countFailures(daemon);
  const { used, free } = await files.pool.space();
  return {
    mode: toModeState(modes.state),
    scan: production.scanState,
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
    },
    jobs: { waiting, running, failed, done },
    etaSeconds: etaOf(daemon, waiting),
    work: workOf(daemon),
    cache: await cacheState(daemon),
    running: production.running().map(({ path, frame, frames, fps, speed, etaSeconds }) => {
      return { path, frame, frames, fps, speed, etaSeconds };
    }),
    ineligibleBy: [...summary.ineligibleBy],
    failedBy,
    counters: { ...volume.counters() },
  };
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

function summaryOf(daemon: Daemon): Summary {
  const last = summaries.get(daemon);
  if (last !== undefined && Date.now() - last.at < SUMMARY_AGE_MS) return last;
  const summary = summarise(daemon);
  summaries.set(daemon, summary);
  return summary;
}

function summarise({ view }: Daemon): Summary {
  const byCode = new Map<string, { code: string; reason: string; count: number }>();
  let [ready, missing, masterBytes, readyBytes] = [0, 0, 0n, 0n];
  for (const asset of view.all()) {
    masterBytes += asset.master.size;
    const { eligibility } = asset;
    if (eligibility.kind === 'ineligible') {
      const { code, reason } = eligibility;
      const row = byCode.get(code) ?? { code, reason, count: 0 };
      byCode.set(code, { ...row, count: row.count + 1 });
    } else if (usableProxy(asset) !== undefined) {
      ready += 1;
      readyBytes += asset.master.size;
    } else if (eligibility.kind === 'eligible') {
      missing += 1;
    }
  }
  const ineligibleBy = [...byCode.values()].sort((a, b) => b.count - a.count);
  const bytes = { masterBytes: Number(masterBytes), readyBytes: Number(readyBytes) };
  return { at: Date.now(), ready, missing, ...bytes, ineligibleBy };
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
  let proxy = 0;
  for (const { swap } of serving.view.values()) if (swap.kind === 'replace') proxy += 1;
  return { proxy, master: serving.view.size - proxy };
}
