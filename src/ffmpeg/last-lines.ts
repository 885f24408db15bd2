/** The last lines of a program's output, in bounded memory: what an error message quotes. */

export class LastLines {
  #lines: string[] = [];
  #rest = '';

  constructor(private readonly limit: number) {}

  push(text: string): void {
    const parts = (this.#rest + text).split(/[\r\n]+/);
    this.#rest = (parts.pop() ?? '').slice(-4096);
    this.#lines = [...this.#lines, ...parts.filter((line) => line.trim() !== '')].slice(-this.limit);
  }

  lines(): string[] {
    const rest = this.#rest.trim();
    return rest === '' ? [...this.#lines] : [...this.#lines, rest].slice(-this.limit);
  }
}
