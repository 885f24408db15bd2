/** What a prewarm would do, for people. Pure. */

import { formatSize } from '../../src/base/byte-size.js';
import type { Result } from '../../src/control/schema.js';
import type { Style } from '../terminal.js';
import { escapeName, escapeText } from './escape.js';
import { counted, formatClockTime } from './quantities.js';
import { formatTable } from './table.js';

type Preview = Result<'prewarm.preview'>;
type Clip = Preview['clips'][number];

/** How many files are listed by name. */
const LISTED = 40;

const WORDS: Readonly<Record<Clip['outcome'], string>> = {
  make: 'would be made',
  waiting: 'waits in the queue',
  running: 'is being made',
  ready: 'is ready',
  failed: 'failed before',
  ineligible: 'stays master',
  'not-ready': 'cannot be said yet',
};

export function formatPreview(preview: Preview, style: Style): string {
  const { clips } = preview;
  if (clips.length === 0) return 'No media files there.';
  const toMake = clips.filter(({ outcome }) => outcome === 'make' || outcome === 'waiting' || outcome === 'running');
  const others = clips.filter((clip) => !toMake.includes(clip) && clip.outcome !== 'ready');
  return [
    `${counted(clips.length, 'clip')}: ${counts(clips)}`,
    ...(toMake.length === 0 ? [] : [needs(preview, style)]),
    ...listed(toMake, style),
    ...listed(others, style),
    'Nothing was queued: this was a dry run.',
  ].join('\n');
}

function counts(clips: readonly Clip[]): string {
  const kinds = [
    ['make', 'to make'],
    ['waiting', 'in the queue'],
    ['running', 'being made'],
    ['ready', 'ready'],
    ['ineligible', 'stay master'],
    ['failed', 'failed before (--retry-failed tries again)'],
    ['not-ready', 'not examined to the end'],
  ] as const;
  return kinds
    .map(([outcome, words]) => [clips.filter((clip) => clip.outcome === outcome).length, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`)
    .join(', ');
}

function needs({ bytes, seconds, measured, encoders, poolFree, poolQuota }: Preview, style: Style): string {
  const time =
    seconds === null
      ? 'the time is not known before something has been made here'
      : `about ${formatClockTime(seconds)} with ${counted(encoders, 'encoder')}`;
  const by = measured ? 'by what was made here' : 'by what the codec usually needs';
  const isQuota = poolQuota !== null && poolQuota < poolFree;
  const most = isQuota ? poolQuota : poolFree;
  const room = isQuota ? `the quota of the pool is ${formatSize(most)}` : `${formatSize(most)} free in the pool`;
  const short = bytes > most ? style.red(`; ${room}: that is not enough`) : `; ${room}`;
  return `Needs about ${formatSize(bytes)} (${by}), ${time}${short}`;
}

function listed(clips: readonly Clip[], style: Style): string[] {
  if (clips.length === 0) return [];
  const several = new Set(clips.map(({ profile }) => profile)).size > 1;
  const rows = clips
    .slice(0, LISTED)
    .map((clip) => [
      escapeName(clip.path),
      ...(several ? [clip.profile] : []),
      WORDS[clip.outcome],
      clip.bytes === null ? '' : `${formatSize(clip.masterSize)} -> ~${formatSize(clip.bytes)}`,
      clip.seconds === null ? style.dim(escapeText(clip.reason ?? '')) : `~${formatClockTime(clip.seconds)}`,
    ]);
  const table = formatTable(rows[0]?.map(() => ({})) ?? [], rows);
  const rest = clips.length - rows.length;
  return [indent(table), ...(rest > 0 ? [`  and ${rest} more: --json names them`] : [])];
}

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
