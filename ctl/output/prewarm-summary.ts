/** What a prewarm did, for people. Pure. */

import { formatSize } from '../../src/base/byte-size.js';
import type { ClipResult, Result } from '../../src/control/schema.js';
import type { ListedLine } from '../path-list.js';
import type { Style } from '../terminal.js';
import { escapeName, escapeText } from './escape.js';
import { counted } from './quantities.js';

/** How many files of a kind are listed by name. */
const LISTED = 20;

export function formatPrewarm(result: Result<'prewarm'>, style: Style): string {
  const parts = [
    ...(result.made > 0 ? [style.green(`${result.made} made${saved(result.clips)}`)] : []),
    ...(result.queued > 0 ? [`${result.queued} queued`] : []),
    ...(result.alreadyThere > 0 ? [`${result.alreadyThere} already there`] : []),
    ...(result.ineligible > 0 ? [`${result.ineligible} stay master`] : []),
    ...(result.failed > 0 ? [style.red(`${result.failed} failed`)] : []),
    ...(cancelledIn(result) > 0 ? [`${cancelledIn(result)} cancelled`] : []),
  ];
  if (parts.length === 0) return 'No media files there.';
  return [
    `${counted(clipsIn(result), 'clip')}: ${parts.join(', ')}`,
    ...inMemory(result),
    ...named('Stay master', result.clips, 'ineligible', style),
    ...named('Failed', result.clips, 'failed', style),
    ...named('Cancelled', result.clips, 'cancelled', style),
  ].join('\n');
}

/** Not all of them are listed. */
function clipsIn(result: Result<'prewarm'>): number {
  const { made, queued, alreadyThere, ineligible, failed } = result;
  return made + queued + alreadyThere + ineligible + failed + cancelledIn(result);
}

const cancelledIn = ({ clips }: Result<'prewarm'>): number =>
  clips.filter(({ outcome }) => outcome === 'cancelled').length;

/** Lines of a list that named nothing. */
export function formatUnfound(list: string, missing: readonly ListedLine[], style: Style): string[] {
  if (missing.length === 0) return [];
  const rows = missing.slice(0, LISTED).map(({ line, text }) => `  line ${line}: ${escapeName(text)}`);
  const rest = missing.length - rows.length;
  return [
    style.yellow(`Not in the project, of ${escapeName(list)}:`),
    ...rows,
    ...(rest > 0 ? [`  and ${rest} more: --json names them`] : []),
  ];
}

function inMemory({ read }: Result<'prewarm'>): string[] {
  if (read === undefined) return [];
  const left = read.left === 0 ? '' : `; ${counted(read.left, 'more does', 'more do')} not fit`;
  return [`${counted(read.files, 'proxy', 'proxies')} in memory (${formatSize(read.bytes)})${left}`];
}

function saved(clips: readonly ClipResult[]): string {
  const made = clips.filter((clip) => clip.outcome === 'made');
  const total = (size: (clip: ClipResult) => number) => formatSize(made.reduce((sum, clip) => sum + size(clip), 0));
  return ` (${total((clip) => clip.masterSize)} -> ${total((clip) => clip.proxySize ?? 0)})`;
}

function named(title: string, clips: readonly ClipResult[], outcome: ClipResult['outcome'], style: Style): string[] {
  const such = clips.filter((clip) => clip.outcome === outcome);
  if (such.length === 0) return [];
  const lines = such
    .slice(0, LISTED)
    .map((clip) => `  ${escapeName(clip.path)}  ${style.dim(escapeText(clip.reason ?? ''))}`);
  return [
    `${title}:`,
    ...lines,
    ...(such.length > LISTED ? [`  and ${such.length - LISTED} more: 'proxyfs ls' shows them`] : []),
  ];
}
