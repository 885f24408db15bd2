/**
 * The last lines of a program's output, in bounded memory: what an error message quotes. Without
 * what FFmpeg adds anew at each run (addresses) and what says nothing (how often a line was
 * repeated): equal failures have equal reasons.
 */

const REPEATED = /^\s*Last message repeated \d+ times?$/;
const ADDRESS = / @ 0x[0-9a-f]+/g;

/** Lines that say something, of a whole output. */
export function tellingLines(text: string): string[] {
  return text.split(/[\r\n]+/).flatMap((line) => {
    const isTelling = line.trim() !== '' && !REPEATED.test(line);
    return isTelling ? [line.replace(ADDRESS, '')] : [];
  });
}

export class LastLines {
  #lines: string[] = [];
  #rest = '';

  constructor(private readonly limit: number) {}

  push(text: string): void {
    const all = this.#rest + text;
    const end = Math.max(all.lastIndexOf('\n'), all.lastIndexOf('\r')) + 1;
    this.#rest = all.slice(end).slice(-4096);
    this.#lines = [...this.#lines, ...tellingLines(all.slice(0, end))].slice(-this.limit);
  }

  lines(): string[] {
    return [...this.#lines, ...tellingLines(this.#rest).map((line) => line.trim())].slice(-this.limit);
  }
}
