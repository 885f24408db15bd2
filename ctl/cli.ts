/**
 * One run of the `proxyfs` command: parse, run, print, exit code.
 *
 * With `--json` exactly one document goes to stdout, whatever happens. Without it
 * results go to stdout and an error is one sentence on stderr; a stack trace only
 * appears with PROXYFS_DEBUG.
 */

import { type ProxyfsError, toProxyfsError } from '../src/base/error.js';
import { EXIT, exitCodeOf } from '../src/base/exit-code.js';
import type { Outcome } from './command.js';
import { COMMANDS } from './commands/index.js';
import { escapeText } from './output/escape.js';
import { parseCommandLine } from './parse.js';
import type { Terminal } from './terminal.js';

export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  const asJson = wantsJson(argv);
  const parsed = parseCommandLine(argv, COMMANDS, terminal.columns);
  if (parsed.kind === 'refused') return printError(parsed.error, undefined, asJson, terminal);
  if (parsed.kind === 'print') {
    printText(parsed.text, terminal);
    return EXIT.success;
  }
  try {
    const outcome = await parsed.run(terminal);
    return printOutcome(outcome, asJson, terminal);
  } catch (thrown) {
    return printError(toProxyfsError(thrown), undefined, asJson, terminal);
  }
}

/** Known before parsing, since a command line that does not parse is answered in JSON too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some((word) => word === '--json' || word === '--json=true');
}

function printOutcome(outcome: Outcome, asJson: boolean, terminal: Terminal): number {
  if (outcome.error !== undefined) {
    if (!asJson) printText(outcome.text(), terminal);
    const exitCode = printError(outcome.error, outcome.result, asJson, terminal);
    return outcome.exitCode ?? exitCode;
  }
  if (outcome.exitCode !== undefined) return outcome.exitCode;
  printText(asJson ? JSON.stringify(outcome.result, null, 2) : outcome.text(), terminal);
  return EXIT.success;
}

function printError(error: ProxyfsError, result: object | undefined, asJson: boolean, terminal: Terminal): number {
  const { code, message, details } = error;
  if (asJson) printText(JSON.stringify({ ...result, error: { code, message, details } }, null, 2), terminal);
  else terminal.stderr.write(`proxyfs: ${escapeText(message)}\n`);
  if (terminal.env['PROXYFS_DEBUG']) terminal.stderr.write(`${traceOf(error)}\n`);
  return exitCodeOf(error);
}

function printText(text: string, terminal: Terminal): void {
  if (text !== '') terminal.stdout.write(`${text}\n`);
}

function traceOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${traceOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
