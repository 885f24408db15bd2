/**
 * Text that is drawn anew in its place, on a terminal of any size.
 *
 * Promises: a line never takes more than one row, since wrapping is switched off meanwhile;
 * what does not fit is counted, not scrolled; `end` gives the terminal back as it was, with the
 * last picture above the cursor.
 */

import type { Terminal } from '../terminal.js';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CLEAR_SCREEN = '\u001b[2J\u001b[H';

export class LiveScreen {
  readonly #terminal: Terminal;
  #rows = 0;
  #columns: number | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.stdout.write(HIDE_CURSOR + NO_WRAP);
  }

  draw(text: string): void {
    const { columns, rows } = this.#terminal.size?.() ?? { columns: this.#terminal.columns, rows: 24 };
    const lines = fit(text.split('\n'), rows - 1);
    // A narrower terminal has broken the old lines: where they end nobody knows.
    const isResized = this.#columns !== undefined && this.#columns !== columns;
    const back = this.#rows > 1 ? `\u001b[${this.#rows - 1}A` : '';
    const start = isResized ? CLEAR_SCREEN : `\r${back}`;
    const body = lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n');
    this.#terminal.stdout.write(`${start}${body}${CLEAR_BELOW}`);
    this.#rows = lines.length;
    this.#columns = columns;
  }

  end(): void {
    this.#terminal.stdout.write(`${WRAP}${SHOW_CURSOR}${this.#rows > 0 ? '\r\n' : ''}`);
  }
}

function fit(lines: readonly string[], rows: number): readonly string[] {
  const most = Math.max(1, rows);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `… ${lines.length - most + 1} more lines`];
}
