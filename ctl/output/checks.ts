/** The lines of `proxyfs doctor`. */

import type { Check } from '../doctor/check.js';
import type { Style } from '../terminal.js';
import { escapeText } from './escape.js';

export function formatChecks(checks: readonly Check[], style: Style): string {
  const width = Math.max(...checks.map((check) => check.name.length));
  const marks = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('FAIL') };
  return checks
    .flatMap((check) => [
      `${marks[check.state]}  ${check.name.padEnd(width)}  ${escapeText(check.finding)}`,
      ...(check.wayOut === null ? [] : [`${' '.repeat(width + 8)}-> ${escapeText(check.wayOut)}`]),
    ])
    .join('\n');
}
