/**
 * Shows a running prewarm: a bar on a terminal, plain lines in a pipe or log, and
 * nothing where the one JSON document is the output.
 */

import type { MultiBar, SingleBar } from 'cli-progress';
import type { Progress } from '../../src/control/schema.js';
import type { Terminal } from '../terminal.js';
import { barLine, clipLine, plainLine, readLine, scanLine } from './prewarm-line.js';

export interface PrewarmDisplay {
  show(progress: Progress): void;
  /** Takes the bar away; the terminal is as it was. */
  end(): void;
}

/** How often a log gets a line of totals while nothing finishes. */
const PLAIN_INTERVAL_MS = 10_000;

export const silentDisplay: PrewarmDisplay = { show: () => undefined, end: () => undefined };

export function plainDisplay(terminal: Terminal, now: () => number = Date.now): PrewarmDisplay {
  const print = (line: string) => terminal.stdout.write(`${line}\n`);
  let last = now();
  return {
    show: (progress) => {
      if (progress.kind === 'clip') print(clipLine(progress.clip));
      if (progress.kind !== 'generate' && progress.kind !== 'read') return;
      if (now() - last < PLAIN_INTERVAL_MS) return;
      last = now();
      print(progress.kind === 'read' ? readLine(progress) : plainLine(progress));
    },
    end: () => undefined,
  };
}

export async function barDisplay(terminal: Terminal): Promise<PrewarmDisplay> {
  const { default: progressBars } = await import('cli-progress');
  const bars: MultiBar = new progressBars.MultiBar({
    stream: terminal.stdout,
    format: (_options, _params, payload: { line: string }) => payload.line,
    fps: 10,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    emptyOnZero: true,
  });
  const bar: SingleBar = bars.create(1, 0, { line: 'Looking at the files' });
  return {
    show: (progress) => {
      if (progress.kind === 'clip' && progress.clip.outcome === 'failed') bars.log(`${clipLine(progress.clip)}\n`);
      const line = lineOf(progress, terminal.columns);
      if (line !== undefined) bar.update(0, { line });
    },
    end: () => bars.stop(),
  };
}

function lineOf(progress: Progress, columns: number): string | undefined {
  if (progress.kind === 'scan') return scanLine(progress);
  if (progress.kind === 'read') return readLine(progress);
  return progress.kind === 'generate' ? barLine(progress, columns) : undefined;
}
