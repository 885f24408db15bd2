/** The progress of a prewarm as one line of text. Pure. */

import { formatSize } from '../../src/base/byte-size.js';
import type { ClipResult, Progress } from '../../src/control/schema.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted, formatClockTime } from '../output/quantities.js';

export type Generate = Extract<Progress, { kind: 'generate' }>;
export type Read = Extract<Progress, { kind: 'read' }>;
export type Scan = Extract<Progress, { kind: 'scan' }>;

const BAR_WIDTH = 24;

/** `████████░░░░ 12/40 clips  1234/5000 frames  96 fps  4.0x  ETA 0:39  A001.mov`, cut to `columns`. */
export function barLine(progress: Generate, columns: number): string {
  const share = progress.framesTotal === 0 ? 0 : progress.framesDone / progress.framesTotal;
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  const line = [
    `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${progress.clipsDone}/${progress.clipsTotal} clips`,
    `${progress.framesDone}/${progress.framesTotal} frames`,
    ...paceOf(progress),
    `ETA ${progress.etaSeconds === null ? '-:--' : formatClockTime(progress.etaSeconds)}`,
    progress.current.map(escapeName).join(', '),
  ].join('  ');
  return line.slice(0, Math.max(0, columns - 1)).trimEnd();
}

/** The same for a log file. */
export function plainLine(progress: Generate): string {
  const eta = progress.etaSeconds === null ? '' : `, ${formatClockTime(progress.etaSeconds)} left`;
  const clips = `${progress.clipsDone} of ${counted(progress.clipsTotal, 'clip')}`;
  const frames = `${progress.framesDone} of ${counted(progress.framesTotal, 'frame')}`;
  return `${[clips, frames, ...paceOf(progress)].join(', ')}${eta}`;
}

/** Nothing until the first measurement. */
function paceOf({ fps, reason, speed }: Generate): readonly string[] {
  if (reason !== null) return [`stands still: ${escapeText(reason)}`];
  return fps > 0 ? [`${fps.toFixed(0)} fps`, `${speed.toFixed(1)}x`] : [];
}

export function scanLine({ found, probed, total }: Scan): string {
  return `Looking at the files: ${probed} of ${total ?? found} examined`;
}

export function readLine({ filesDone, filesTotal, bytesDone, bytesTotal }: Read): string {
  const bytes = `${formatSize(bytesDone)} of ${formatSize(bytesTotal)}`;
  return `Reading into memory: ${filesDone} of ${counted(filesTotal, 'proxy', 'proxies')}, ${bytes}`;
}

/** `made  A001.mov  220.1 MB -> 12.3 MB  4.2 s`. */
export function clipLine({ path, outcome, reason, masterSize, proxySize, seconds }: ClipResult): string {
  const sizes = proxySize === null ? '' : `  ${formatSize(masterSize)} -> ${formatSize(proxySize)}`;
  const time = seconds === null ? '' : `  ${seconds.toFixed(1)} s`;
  const why = reason === null ? '' : `  ${escapeText(reason)}`;
  return `${outcome.padEnd(13)} ${escapeName(path)}${sizes}${time}${why}`;
}
