/** What a flip did, for people: how much changed, what stayed master and why, and who still holds the old. */

import type { FlipReport } from '../../src/control/schema.js';
import type { Style } from '../terminal.js';
import { escapeName, escapeText } from './escape.js';
import { formatHandles } from './handles.js';
import { describeMode } from './mode-state.js';
import { counted, formatMilliseconds } from './quantities.js';
import { formatTable, indent } from './table.js';

/** How many of the paths that stayed master are listed; `--json` has more, `ls` has all. */
const LISTED = 10;

export function formatFlip(report: FlipReport, style: Style, now: number): string {
  return [headline(report, style), hooks(report, style), stayed(report, style), holders(report, now)]
    .filter(Boolean)
    .join('\n');
}

function headline(report: FlipReport, style: Style): string {
  const times = `${formatMilliseconds(report.totalMs)} (table ${formatMilliseconds(report.tableMs)}, kernel ${formatMilliseconds(report.kernelMs)})`;
  const verified = report.verified > 0 ? `; ${report.verified} read back and right` : '';
  return `${style.bold(describeMode(report.state))}: ${counted(report.changed, 'path')} changed in ${times}${verified}`;
}

function hooks(report: FlipReport, style: Style): string {
  return report.hooks
    .map(({ command, exitCode, output }) => {
      const result = exitCode === 0 ? style.green('ok') : style.red(`exit code ${exitCode}`);
      return `Hook ${escapeText(command)}: ${result}${exitCode === 0 ? '' : ` ${escapeText(output.trim())}`}`;
    })
    .join('\n');
}

function stayed(report: FlipReport, style: Style): string {
  if (report.stayedMasterCount === 0) return '';
  const shown = report.stayedMaster.slice(0, LISTED);
  const rows = shown.map(({ path, reason }) => [escapeName(path), style.dim(escapeText(reason))]);
  const rest = report.stayedMasterCount - shown.length;
  return [
    stayedHeadline(report),
    indent(formatTable([{}, {}], rows)),
    ...(rest > 0 ? [`  and ${rest} more: 'proxyfs ls' shows them`] : []),
  ].join('\n');
}

/** What cannot be read at all must not pass for a master that is served. */
function stayedHeadline({ stayedMasterCount, deniedCount }: FlipReport): string {
  const serving = stayedMasterCount - deniedCount;
  const verb = serving === 1 ? 'serves its master' : 'serve their master';
  if (deniedCount === 0) return `${counted(serving, 'file')} in proxy mode still ${verb}:`;
  const also = serving === 0 ? '' : `, and ${serving} still ${verb}`;
  return `${counted(deniedCount, 'file')} in proxy mode cannot be read until the proxy is there (missing=deny)${also}:`;
}

function holders(report: FlipReport, now: number): string {
  if (report.handles.length === 0) return '';
  return [
    `${counted(report.handles.length, 'open file')} still ${report.handles.length === 1 ? 'reads' : 'read'} what was served before, until closed:`,
    indent(formatHandles(report.handles, now)),
  ].join('\n');
}
