/**
 * Where a command runs: its streams, environment and colours. Commands never touch
 * `process` themselves, so that tests can run them in place.
 */

import process from 'node:process';
import { createColors } from 'picocolors';

export type Style = ReturnType<typeof createColors>;

export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly stdin: NodeJS.ReadableStream;
  /** Colours for stdout; plain when it is not a terminal or `NO_COLOR` is set. */
  readonly style: Style;
  /** Whether stdout is a terminal: bars are drawn, tables may fill the width. */
  readonly interactive: boolean;
  /** The same of stderr. */
  readonly interactiveErrors: boolean;
  readonly columns: number;
  /** As it is now: a terminal may be resized. */
  size?(): { readonly columns: number; readonly rows: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  cwd(): string;
  /** Calls `listener` on Ctrl-C or SIGTERM until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
}

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const interactive = stdout.isTTY === true && env['TERM'] !== 'dumb';
  return {
    stdin,
    stdout,
    stderr,
    style: createColors(hasColour(interactive, env)),
    interactive,
    interactiveErrors: stderr.isTTY === true && env['TERM'] !== 'dumb',
    columns: stdout.columns || stderr.columns || 100,
    // A terminal that does not know its size says 0.
    size: () => ({ columns: stdout.columns || 100, rows: stdout.rows || 24 }),
    env,
    cwd: () => process.cwd(),
    onInterrupt,
  };
}

/** Colour on a terminal only, unless `NO_COLOR` (any non-empty value) says no. */
export function hasColour(interactive: boolean, env: Terminal['env']): boolean {
  return interactive && !env['NO_COLOR'];
}

function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}
