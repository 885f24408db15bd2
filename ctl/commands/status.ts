/** `proxyfs status`: the project on one screen. */

import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { describeMode } from '../output/mode-state.js';
import { counted, formatClockTime, formatSize } from '../output/quantities.js';
import { describeWork } from '../output/work.js';
import { withSession } from '../session.js';

type Info = Result<'daemon.info'>;
type Status = Result<'status'>;

export const status = defineCommand<object>({
  usage: 'status',
  summary: 'Show the project: mode, clips, queue, space, and what does not work',
  examples: [
    ['$0 status', 'of the project you are in'],
    ['$0 status --project /mnt/show', 'of another one'],
  ],
  options: (yargs) => yargs,
  run: async (args, terminal) => {
    const [info, current] = await withSession(args, [], terminal, ({ client }) =>
      Promise.all([client.call('daemon.info', {}), client.call('status', {})]),
    );
    const { formatFacts, formatTable, indent } = await import('../output/table.js');
    const section = (title: string, rows: string[][]) =>
      rows.length === 0 ? [] : [title, indent(formatTable([{ align: 'right' }, {}, {}, {}], rows))];
    return {
      result: { info, ...current },
      text: () =>
        [
          formatFacts(facts(info, current)),
          ...(current.cache.note === null ? [] : [`Note: ${escapeText(current.cache.note)}`]),
          ...info.limits.map((limit) => `Note: ${escapeText(limit)}`),
          ...section('Encoding now', runningRows(current)),
          ...section('Served from the master, since they cannot have an equal proxy', countRows(current.ineligibleBy)),
          ...section('Failed', countRows(current.failedBy)),
        ].join('\n'),
    };
  },
});

function facts(
  info: Info,
  { mode, assets, serving, space, jobs, scan, work, cache }: Status,
): (readonly [string, string])[] {
  return [
    ['Project', `${info.source}  (${info.project})`],
    ['Mount', `${info.mountPoint}  ${describeDriver(info)}`],
    ['Mode', describeMode(mode)],
    ['Profile', info.profile],
    ['Clips', describeClips(assets)],
    ['Serving', `${counted(serving.proxy, 'proxy', 'proxies')}, ${counted(serving.master, 'master')}`],
    ['Queue', `${jobs.waiting} waiting, ${jobs.running} running, ${jobs.done} done, ${jobs.failed} failed`],
    ...describeWork(work, Date.now()).map((line) => ['Work', line] as const),
    ['Space', describeSpace(space)],
    ['Cache', describeCache(cache)],
    ...(scan.running
      ? [['Scan', `running: ${counted(scan.found, 'file')} found, ${scan.probed} examined`] as const]
      : []),
  ];
}

/** `native driver, FUSE 7.45, kernel passthrough`. */
export function describeDriver(info: Pick<Info, 'driver' | 'protocol' | 'passthrough'>): string {
  const reads = info.passthrough ? 'kernel passthrough' : 'no kernel passthrough';
  return `${info.driver} driver, FUSE ${info.protocol}, ${reads}`;
}

function describeClips(assets: Status['assets']): string {
  const parts = [
    `${assets.ready} with a proxy`,
    `${assets.missing} without one yet`,
    `${assets.ineligible} that stay master`,
    `${assets.failed} failed`,
  ];
  return `${assets.total}: ${parts.join(', ')}`;
}

function describeSpace(space: Status['space']): string {
  return `masters ${formatSize(space.masters)}, proxies ${formatSize(space.proxies)}, ${formatSize(space.poolFree)} free for proxies`;
}

/** `24.6 MB of 1.0 GB, 2 removed (5.0 MB), 1 path pinned`. */
function describeCache({ used, quota, evicted, evictedBytes, pins }: Status['cache']): string {
  const parts = [
    quota === null ? `${formatSize(used)}, no quota` : `${formatSize(used)} of ${formatSize(quota)}`,
    ...(evicted === 0 ? [] : [`${evicted} removed so far (${formatSize(evictedBytes)})`]),
    ...(pins.length === 0 ? [] : [`${counted(pins.length, 'path')} pinned`]),
  ];
  return parts.join(', ');
}

function runningRows({ running }: Status): string[][] {
  return running.map((job) => [
    job.frames === null ? `${job.frame}` : `${job.frame}/${job.frames}`,
    `${job.fps.toFixed(0)} fps  ${job.speed.toFixed(1)}x`,
    job.etaSeconds === null ? '' : `${formatClockTime(job.etaSeconds)} left`,
    escapeName(job.path),
  ]);
}

function countRows(reasons: readonly { reason: string; count: number }[]): string[][] {
  return reasons.map(({ count, reason }) => [String(count), escapeText(reason)]);
}
