/** The daemon's figures as families of Prometheus: what `status` knows, and what happened since the start. */

import type { EventKind } from '../src/journal/event.js';
import { type Family, formatMetrics } from '../src/metrics/exposition.js';
import { serveMetrics } from '../src/metrics/server.js';
import type { Daemon } from './daemon.js';
import { status } from './methods/status.js';
import { version } from './version.js';

const LABEL_LENGTH = 120;

export interface Meter {
  /** Prometheus' text format. */
  read(): Promise<string>;
}

/** Counts events from now on; they are the only figures that nobody else keeps. */
export function createMeter(daemon: Daemon): Meter {
  const counts = new Map<EventKind, number>();
  let [encodedSeconds, publishedBytes] = [0, 0];
  daemon.files.journal.onEvent((event) => {
    counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1);
    if (event.kind !== 'published') return;
    encodedSeconds += event.facts.seconds;
    publishedBytes += event.facts.size;
  });
  return {
    read: async () => {
      const { project } = daemon.record;
      const happened = { counts, encodedSeconds, publishedBytes };
      return formatMetrics([...(await stateFamilies(daemon)), ...eventFamilies(happened)], { project });
    },
  };
}

/** Only when a port was named. */
export async function listenForMetrics(daemon: Daemon, meter: Meter, port: number): Promise<() => Promise<void>> {
  if (port === 0) return async () => undefined;
  const server = await serveMetrics(port, () => meter.read(), daemon.log);
  daemon.log.info({ port: server.port }, 'metrics are served to this machine');
  return () => server.close();
}

async function stateFamilies(daemon: Daemon): Promise<Family[]> {
  const { assets, cache, serving, space, jobs, running, scan, mode, failedBy, counters } = await status(daemon);
  const { startedAt, mountPoint } = daemon.record;
  const effective = mode.pinned ?? mode.base;
  const labelled = (label: string, values: Readonly<Record<string, number>>) =>
    Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
  return [
    gauge('proxyfs_info', 'The daemon; always 1.', [
      { labels: { version, mount_point: mountPoint, driver: daemon.volume.driver }, value: 1 },
    ]),
    gauge('proxyfs_start_time_seconds', 'When the daemon was started, in seconds since 1970.', [
      { value: startedAt / 1000 },
    ]),
    gauge('proxyfs_mode', '1 for the mode of the project.', [
      { labels: { mode: 'proxy' }, value: effective === 'proxy' ? 1 : 0 },
      { labels: { mode: 'master' }, value: effective === 'master' ? 1 : 0 },
    ]),
    gauge('proxyfs_assets', 'Clips by what they have.', [
      ...labelled('state', {
        ready: assets.ready,
        missing: assets.missing,
        ineligible: assets.ineligible,
        failed: assets.failed,
        unexamined: assets.total - assets.eligible - assets.ineligible,
      }),
    ]),
    gauge('proxyfs_serving', 'Clips by what the mount serves now.', labelled('variant', serving)),
    gauge('proxyfs_bytes', 'Bytes: of all masters, of the proxies in the pool, free on its disk, and its quota.', [
      ...labelled('of', { masters: space.masters, proxies: space.proxies, free: space.poolFree }),
      ...(cache.quota === null ? [] : labelled('of', { quota: cache.quota })),
    ]),
    counter('proxyfs_evicted_total', 'Proxies removed for the quota or their time to live.', [
      { value: cache.evicted },
    ]),
    counter('proxyfs_evicted_bytes_total', 'Bytes of those.', [{ value: cache.evictedBytes }]),
    gauge('proxyfs_jobs', 'Jobs by state.', labelled('state', jobs)),
    gauge('proxyfs_failures', 'Clips that were set aside, by reason.', [
      ...Object.entries(byLabel(failedBy)).map(([reason, value]) => ({ labels: { reason }, value })),
    ]),
    gauge('proxyfs_encoding_frames_per_second', 'Frames encoded a second, all encoders together.', [
      { value: running.reduce((sum, { fps }) => sum + fps, 0) },
    ]),
    gauge('proxyfs_scan_running', '1 while the source is scanned.', [{ value: scan.running ? 1 : 0 }]),
    gauge('proxyfs_mount_table', 'Sizes of the tables of the mount.', [
      ...labelled('table', { ...pick(counters, ['nodes', 'swaps']), open_handles: counters['openHandles'] ?? 0 }),
    ]),
    {
      name: 'proxyfs_mount_requests_total',
      type: 'counter',
      help: 'Requests of the kernel since the mount.',
      samples: labelled('kind', pick(counters, ['lookups', 'opens', 'reads', 'writes'])),
    },
  ];
}

/** Reasons may be alike as far as a label has room for them, and a series must be there once. */
export function byLabel(
  failedBy: readonly { readonly reason: string; readonly count: number }[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason, count } of failedBy) {
    const label = reason.slice(0, LABEL_LENGTH);
    counts[label] = (counts[label] ?? 0) + count;
  }
  return counts;
}

function eventFamilies(happened: {
  readonly counts: ReadonlyMap<EventKind, number>;
  readonly encodedSeconds: number;
  readonly publishedBytes: number;
}): Family[] {
  const samples = [...happened.counts].map(([kind, value]) => ({ labels: { kind }, value }));
  return [
    counter('proxyfs_events_total', 'Events of the journal since the daemon was started.', samples),
    counter('proxyfs_encode_seconds_total', 'Time spent on proxies that were published.', [
      { value: happened.encodedSeconds },
    ]),
    counter('proxyfs_published_bytes_total', 'Bytes of proxies that were published.', [
      { value: happened.publishedBytes },
    ]),
  ];
}

const gauge = (name: string, help: string, samples: Family['samples']): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
});
const counter = (name: string, help: string, samples: Family['samples']): Family => {
  return { name, type: 'counter', help, samples };
};

function pick(values: Readonly<Record<string, number>>, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}
