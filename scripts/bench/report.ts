/** The benchmark's tables: a figure and, behind it, its ratio to the first column. */

import type { FlipRow } from './flips.js';
import type { Cost, GenerateRow, Way } from './generate.js';
import type { PlaybackResult } from './playback.js';
import type { ProjectRow } from './projects.js';
import type { QueueRow, Waits } from './queue.js';
import type { SegmentRow, SegmentWay } from './segments.js';

export interface Figure {
  readonly target: string;
  /** The best round. */
  readonly value: number;
  readonly rounds: readonly number[];
}

export interface ReadResult {
  readonly title: string;
  readonly unit: string;
  readonly figures: readonly Figure[];
}

export function formatReads(results: readonly ReadResult[]): string {
  if (results.length === 0) return '';
  const targets = results[0]?.figures.map(({ target }) => target) ?? [];
  const head = ['', '', ...targets];
  const body = results.map(({ title, unit, figures }) => {
    const bare = figures[0]?.value ?? Number.NaN;
    return [title, unit, ...figures.map((figure) => formatRatio(figure, bare))];
  });
  return formatTable([head, ...body]);
}

function formatRatio({ value, rounds }: Figure, bare: number): string {
  return rounds.length === 0 ? 'cannot' : `${formatFigure(value)} (${(value / bare).toFixed(2)})`;
}

export function formatFlips(rows: readonly FlipRow[]): string {
  if (rows.length === 0) return '';
  const head = [
    'flip, native',
    'assets',
    'names',
    'table ms',
    'kernel ms',
    'commit() ms',
    'first open',
    'last open ms',
  ];
  const body = rows.map((row) => [
    row.title,
    String(row.assets),
    row.names,
    ...[row.tableMs, row.kernelMs, row.totalMs, row.firstOpenMs, row.lastOpenMs].map((value) => value.toFixed(3)),
  ]);
  return formatTable([head, ...body]);
}

export function formatProjects(rows: readonly ProjectRow[]): string {
  if (rows.length === 0) return '';
  const head = ['daemon, assets', 'other files', 'start ms', 'flip ms'];
  const memory = ['MB mounted', 'scanned', 'flipped', 'walked', 'at most'];
  const body = rows.map((row) => [
    String(row.assets),
    String(row.others),
    ...[row.startMs, row.flipMs, row.mountedMb, row.scannedMb, row.flippedMb, row.walkedMb, row.peakMb].map((value) =>
      value.toFixed(0),
    ),
  ]);
  return formatTable([[...head, ...memory], ...body]);
}

export function formatPlayback(results: readonly PlaybackResult[]): string {
  if (results.length === 0) return '';
  const head = ['playback, 24 fps', 'frames', 'p50 ms', 'p99 ms', 'worst ms', 'late', 'encoded'];
  const body = results.map(({ title, frames, p50, p99, worst, late, encoded }) => [
    title,
    String(frames),
    ...[p50, p99, worst].map((value) => value.toFixed(2)),
    String(late),
    String(encoded),
  ]);
  return formatTable([head, ...body]);
}

export function formatQueue(rows: readonly QueueRow[]): string {
  if (rows.length === 0) return '';
  const head = [
    'queue, ms p50/p99/worst',
    'assets',
    'queued',
    's',
    'of it walk',
    'cpu s',
    'stat',
    'open+read',
    'answer',
    'status',
  ];
  const format = ({ p50, p99, worst }: Waits) => [p50, p99, worst].map((value) => value.toFixed(2)).join('/');
  const body = rows.map(
    ({ title, assets, queued, seconds, walkSeconds, cpuSeconds, stat, openRead, answer, status }) => [
      ...[
        title,
        String(assets),
        String(queued),
        seconds?.toFixed(1) ?? '-',
        walkSeconds?.toFixed(1) ?? '-',
        cpuSeconds.toFixed(1),
      ],
      ...[stat, openRead, answer, status].map(format),
    ],
  );
  return formatTable([head, ...body]);
}

/** The median over the rounds of the ratio within each. */
export function ratioOf({ rounds }: GenerateRow, way: Way, to: Way, of: keyof Cost): number {
  const ratios = rounds.map((round) => round[way][of] / round[to][of]).sort((a, b) => a - b);
  return ratios[Math.floor(ratios.length / 2)] ?? Number.NaN;
}

export function formatGenerate(rows: readonly GenerateRow[]): string {
  if (rows.length === 0) return '';
  const head = ['making a proxy', 'profile', 'by hand s', 'job / by hand', 'its CPU', 'pictures / none', 'its CPU'];
  const body = rows.map((row) => [
    row.title,
    row.profile,
    (Math.min(...row.rounds.map((round) => round['by hand'].wallMs)) / 1000).toFixed(2),
    ...(['wallMs', 'cpuMs'] as const).map((of) => ratioOf(row, 'generated', 'by hand', of).toFixed(3)),
    ...(['wallMs', 'cpuMs'] as const).map((of) => ratioOf(row, 'with pictures', 'generated', of).toFixed(3)),
  ]);
  return formatTable([head, ...body]);
}

export function formatSegments(rows: readonly SegmentRow[]): string {
  if (rows.length === 0) return '';
  const middle = (figures: readonly number[]) =>
    [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
  const ratio = ({ rounds }: SegmentRow, way: SegmentWay, of: keyof Cost) =>
    middle(rounds.map((round) => round[way][of] / round['one piece'][of])).toFixed(3);
  const head = [
    'one long clip',
    'segments',
    'one piece s',
    'segments / one piece',
    'its CPU',
    'CPU s a segment more',
    'by two workers',
    'its CPU',
    'peak disk / proxy',
  ];
  const body = rows.map((row) => [
    row.title,
    String(row.segments),
    middle(row.rounds.map((round) => round['one piece'].wallMs / 1000)).toFixed(2),
    ratio(row, 'segments', 'wallMs'),
    ratio(row, 'segments', 'cpuMs'),
    // What does not depend on the length of a segment: of the usual minute it is a smaller share.
    middle(row.rounds.map((round) => (round.segments.cpuMs - round['one piece'].cpuMs) / 1000 / row.segments)).toFixed(
      2,
    ),
    ratio(row, 'two workers', 'wallMs'),
    ratio(row, 'two workers', 'cpuMs'),
    middle(row.rounds.map(({ segments }) => segments.peakBytes / segments.proxyBytes)).toFixed(2),
  ]);
  return formatTable([head, ...body]);
}

function formatFigure(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toFixed(2);
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '));
  return `\n${lines.join('\n')}\n`;
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
