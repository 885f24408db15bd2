/**
 * Splits a byte stream into lines of bounded length. Pure state; no I/O.
 * A line longer than the bound throws at once, before it is kept in memory.
 */

import { ProxyfsError } from '../base/error.js';

const NEWLINE = 0x0a;

export class LineReader {
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines completed by `chunk`, without their newline. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      this.#pieces = [];
      this.#length = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#limit) {
      throw new ProxyfsError('request/invalid', `a message is longer than ${this.#limit} bytes`);
    }
    this.#pieces.push(piece);
  }
}
