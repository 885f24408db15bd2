/** Shows a running check: a bar on a terminal, a line now and then in a log, nothing beside one JSON document. */

import { formatSize } from '../../src/base/byte-size.js';
import type { Progress } from '../../src/control/schema.js';
import { escapeName } from '../output/escape.js';
import type { Terminal } from '../terminal.js';

export interface VerifyDisplay {
  show(progress: Progress): void;
  /** Takes the bar away; the terminal is as it was. */
  end(): void;
}

type Verify = Extract<Progress, { kind: 'verify' }>;

const BAR_WIDTH = 24;
/** How often a log gets a line. */
const PLAIN_INTERVAL_MS = 10_000;

export const silentVerify: VerifyDisplay = { show: () => undefined, end: () => undefined };

export async function showVerify(terminal: Terminal): Promise<VerifyDisplay> {
  return terminal.interactive ? await bar(terminal) : plain(terminal);
}

function plain(terminal: Terminal, now: () => number = Date.now): VerifyDisplay {
  let last = now();
  return {
    show: (progress) => {
      if (progress.kind !== 'verify' || now() - last < PLAIN_INTERVAL_MS) return;
      last = now();
      terminal.stdout.write(`${countsOf(progress)}\n`);
    },
    end: () => undefined,
  };
}

async function bar(terminal: Terminal): Promise<VerifyDisplay> {
  const { default: progressBars } = await import('cli-progress');
  const single = new progressBars.SingleBar({
    stream: terminal.stdout,
    format: (_options, _params, payload: { line: string }) => payload.line,
    fps: 10,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    emptyOnZero: true,
  });
  single.start(1, 0, { line: 'Looking at the proxies' });
  return {
    show: (progress) => {
      if (progress.kind === 'verify') single.update(0, { line: verifyLine(progress, terminal.columns) });
    },
    end: () => single.stop(),
  };
}

/** `████░░░░ 12 of 40 proxies  1.2 GB of 4.0 GB  1 damaged  A001.mov`, cut to `columns`. Pure. */
export function verifyLine(progress: Verify, columns: number): string {
  const { bytesDone, bytesTotal, current } = progress;
  const filled = Math.round((bytesTotal === 0 ? 0 : bytesDone / bytesTotal) * BAR_WIDTH);
  const line = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${countsOf(progress)}  ${escapeName(current)}`;
  return line.slice(0, Math.max(0, columns - 1)).trimEnd();
}

function countsOf({ done, total, bytesDone, bytesTotal, damaged }: Verify): string {
  const found = damaged === 0 ? '' : `  ${damaged} damaged`;
  return `${done} of ${total} proxies  ${formatSize(bytesDone)} of ${formatSize(bytesTotal)}${found}`;
}
