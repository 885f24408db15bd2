/** `proxyfs status` as lines: the project on one screen. Pure. */

import { formatSize } from '../../src/base/byte-size.js';
import type { Result } from '../../src/control/schema.js';
import type { Style } from '../terminal.js';
import { escapeName, escapeText } from './escape.js';
import { describeMode } from './mode-state.js';
import { counted, formatClockTime, formatMoment } from './quantities.js';
import { formatFacts, formatTable, indent } from './table.js';
import { describeWork } from './work.js';

/** Less than this is gone with the next burst of results. */
const STATE_NEEDS = 16_000_000;
const INDENT = 2;
const FIGURES = /[\d.]+ [kMGTP]?B/g;

export type Info = Result<'daemon.info'>;
export type Status = Result<'status'>;

/** `width`: of the terminal, where it is one. */
export function statusScreen(info: Info, status: Status, style: Style, now: number, width?: number): string {
  const { cache, failedBy, follow, ineligibleBy, scan } = status;
  const problem = scan.problem === null ? [] : [style.yellow(`Note: nothing is scanned: ${escapeText(scan.problem)}`)];
  return [
    formatFacts(facts(info, status, now)),
    ...problem,
    ...follow.offline.map((place) => style.yellow(`Offline: ${describeOffline(place, now)}`)),
    ...(follow.note === null ? [] : [`Note: ${escapeText(describeNote(follow))}`]),
    ...(cache.note === null || isSaid(cache.note, status) ? [] : [`Note: ${escapeText(cache.note)}`]),
    ...info.limits.map((limit) => `Note: ${escapeText(limit)}`),
    ...describeState(info, status).map((line) => style.yellow(`Note: ${line}`)),
    ...section('Encoding now', runningRows(status), width),
    ...section('Served from the master, since they cannot have an equal proxy', countRows(ineligibleBy)),
    ...section("Failed ('proxyfs failures' says what can be done)", failedRows(failedBy)),
  ].join('\n');
}

/** Each job that finds no room says so with figures of its own. */
function isSaid(note: string, { work }: Status): boolean {
  const plain = (text: string) => text.replace(FIGURES, '');
  return work.reason !== null && plain(note) === plain(work.reason);
}

function section(title: string, rows: string[][], width?: number): string[] {
  const columns = [{ align: 'right' as const }, {}, {}, { shrinks: true }];
  return rows.length === 0 ? [] : [title, indent(formatTable(columns, rows, width && width - INDENT))];
}

/** Where nothing can be written down any more, nothing can be flipped or finished. */
function describeState({ stateDir }: Info, { space }: Status): string[] {
  if (space.stateFree >= STATE_NEEDS) return [];
  const free = `${formatSize(space.stateFree)} free at ${escapeName(stateDir)}`;
  return [`${free}, where the catalog lies: what is flipped or made cannot be recorded; free some space`];
}

function facts(info: Info, status: Status, now: number): (readonly [string, string])[] {
  const { mode, assets, serving, space, scan, work, cache } = status;
  return [
    ['Project', `${info.source}  (${info.project})`],
    ['Mount', `${info.mountPoint}  ${describeDriver(info)}`],
    ['Mode', describeMode(mode)],
    ['Profile', info.profile],
    ['Clips', describeClips(assets)],
    ['Serving', `${counted(serving.proxy, 'proxy', 'proxies')}, ${counted(serving.master, 'master')}`],
    ['Queue', describeQueue(status)],
    ...describeWork(work, now).map((line) => ['Work', line] as const),
    ['Space', describeSpace(space, cache)],
    ['Cache', describeCache(cache)],
    ['Scan', describeScan(scan, now)],
  ];
}

/** `native driver, FUSE 7.45, kernel passthrough`. */
export function describeDriver(info: Pick<Info, 'driver' | 'protocol' | 'passthrough'>): string {
  const reads = info.passthrough ? 'kernel passthrough' : 'no kernel passthrough';
  return `${info.driver} driver, FUSE ${info.protocol}, ${reads}`;
}

function describeClips(assets: Status['assets']): string {
  const unknown = assets.total - assets.eligible - assets.ineligible;
  const parts = [
    `${assets.ready} with a proxy`,
    `${assets.missing} without one yet`,
    `${assets.ineligible} that ${assets.ineligible === 1 ? 'stays' : 'stay'} master`,
    `${assets.failed} failed`,
    ...(unknown > 0 ? [`${unknown} not examined yet`] : []),
  ];
  return `${assets.total}: ${parts.join(', ')}`;
}

/** `12 waiting, 2 running, 40 done, 1 failed; all done in about 12:30`. */
function describeQueue({ jobs, etaSeconds }: Status): string {
  const counts = `${jobs.waiting} waiting, ${jobs.running} running, ${jobs.done} done, ${jobs.failed} failed`;
  return etaSeconds === null ? counts : `${counts}; all done in about ${formatClockTime(etaSeconds)}`;
}

/** `24.6 MB of proxies for 440.0 MB of masters (6 %); masters in all 1.2 TB; 1.0 TB free for proxies`. */
function describeSpace(space: Status['space'], { quota, used }: Status['cache']): string {
  const { masters, mastersWithProxy, poolFree, proxies } = space;
  const free = quota === null ? poolFree : Math.min(poolFree, Math.max(0, quota - used));
  const share = mastersWithProxy > 0 ? ` (${Math.round((100 * proxies) / mastersWithProxy)} %)` : '';
  return [
    `${formatSize(proxies)} of proxies for ${formatSize(mastersWithProxy)} of masters${share}`,
    `masters in all ${formatSize(masters)}`,
    `${formatSize(free)} free for proxies`,
  ].join('; ');
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

function describeScan({ running, found, probed, finishedAt, problem }: Status['scan'], now: number): string {
  if (running) return `running: ${counted(found, 'file')} found, ${probed} examined`;
  if (problem !== null) return 'could not be done';
  if (finishedAt === null) return 'not yet';
  return `${counted(found, 'media file')} found, ended at ${formatMoment(finishedAt, now)}; changes are followed`;
}

/** `card A (1,200 names) since 12:30: nothing is mounted at /raid/show/card A; what is known is kept`. */
function describeOffline({ path, names, reason, since }: Status['follow']['offline'][number], now: number): string {
  const place = path === '' ? 'the source' : escapeName(path);
  return `${place} (${counted(names, 'name')}) since ${formatMoment(since, now)}: ${escapeText(reason)}; what is known is kept`;
}

function describeNote({ note, rescanSeconds }: Status['follow']): string {
  return `${note}: everything is looked at every ${formatClockTime(rescanSeconds)}`;
}

function runningRows({ running }: Status): string[][] {
  return running.map((job) => [
    job.frames === null ? `${job.frame}` : `${job.frame}/${job.frames}`,
    describePace(job),
    job.etaSeconds === null ? '' : `${formatClockTime(job.etaSeconds)} left`,
    escapeName(job.path),
  ]);
}

/** All is encoded while the file is read back and compared. */
function describePace({ frame, frames, fps, speed, suspended }: Status['running'][number]): string {
  if (suspended) return 'stands still';
  if (frames !== null && frame >= frames) return 'being checked';
  return fps === 0 ? '' : `${fps.toFixed(0)} fps  ${speed.toFixed(1)}x`;
}

function countRows(reasons: readonly { reason: string; count: number }[]): string[][] {
  return reasons.map(({ count, reason }) => [String(count), escapeText(reason)]);
}

function failedRows(reasons: Status['failedBy']): string[][] {
  return reasons.map(({ count, reason, otherSets }) => {
    const sets = otherSets.length === 0 ? '' : ` (${otherSets.map(escapeText).join(', ')})`;
    return [String(count), `${escapeText(reason)}${sets}`];
  });
}
