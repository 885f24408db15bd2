/** Byte strings on their way through the addon's boundary: see `NativeStrings`. */

import { isAscii } from 'node:buffer';
import type { NativeStrings } from './native-addon.js';

const BYTES_PER_UTF16_UNIT = 3;

/** Collects strings; each `add` answers the index to put in a column. */
export class StringTable {
  #bytes: Buffer;
  #ends: Uint32Array;
  #count = 0;
  #used = 0;
  readonly #known = new Map<string, number>();

  constructor(expected: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(1024, expected * 64));
    this.#ends = new Uint32Array(Math.max(16, expected + 16));
  }

  /** For strings that are mostly distinct. */
  add(text: string): number {
    this.#reserve(text.length * BYTES_PER_UTF16_UNIT);
    this.#used += this.#bytes.write(text, this.#used);
    this.#ends[this.#count] = this.#used;
    this.#count += 1;
    return this.#count - 1;
  }

  /** For strings that mostly repeat: each is kept once. */
  intern(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const index = this.add(text);
    this.#known.set(text, index);
    return index;
  }

  finish(): NativeStrings {
    return { bytes: this.#bytes.subarray(0, this.#used), ends: this.#ends.subarray(0, this.#count) };
  }

  #reserve(more: number): void {
    if (this.#used + more > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.ceil((this.#used + more) * 1.5));
      this.#bytes.copy(grown, 0, 0, this.#used);
      this.#bytes = grown;
    }
    if (this.#count === this.#ends.length) {
      const grown = new Uint32Array(this.#ends.length * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
  }
}

/** A column in which a string mostly is that of the row before: equal ones are not even looked up. */
export class RepeatingColumn {
  #last: string | undefined;
  #index = 0;

  constructor(private readonly strings: StringTable) {}

  intern(text: string): number {
    if (text !== this.#last) this.#index = this.strings.intern(text);
    this.#last = text;
    return this.#index;
  }
}

export function readStrings({ bytes, ends }: NativeStrings): string[] {
  // Bytes of ASCII are letters: all of it is read at once, and each string is a part of that.
  const text = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  const list: string[] = [];
  let begin = 0;
  for (const end of ends) {
    list.push(text === undefined ? bytes.toString('utf8', begin, end) : text.slice(begin, end));
    begin = end;
  }
  return list;
}
