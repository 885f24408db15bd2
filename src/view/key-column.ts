/** The keys of a view by row: inode numbers in one column, devices, of which there are few, in another. */

import { mix } from './slot-index.js';
import { identityOf, type ViewKey, viewKey } from './view.js';

const FIRST_ROWS = 16;

export class KeyColumn {
  #inos = new BigUint64Array(FIRST_ROWS);
  /** The same memory: two numbers are compared without making a bigint. */
  #words = new Uint32Array(this.#inos.buffer);
  #devices = new Uint32Array(FIRST_ROWS);
  readonly #known: bigint[] = [];
  readonly #wantedIno = new BigUint64Array(1);
  readonly #wantedWords = new Uint32Array(this.#wantedIno.buffer);
  #wantedDevice = -1;

  get(row: number): ViewKey {
    return viewKey({ dev: this.#known[this.#devices[row] ?? 0] ?? 0n, ino: this.#inos[row] ?? 0n });
  }

  set(row: number, key: ViewKey): void {
    while (row >= this.#devices.length) this.#grow();
    const { dev, ino } = identityOf(key);
    const known = this.#known.indexOf(dev);
    this.#inos[row] = ino;
    this.#devices[row] = known < 0 ? this.#known.push(dev) - 1 : known;
  }

  hashOf(row: number): number {
    return mix(this.#words[row * 2] ?? 0, this.#words[row * 2 + 1] ?? 0);
  }

  /** Remembers what `isWanted` compares with; returns its hash. */
  want(key: ViewKey): number {
    const { dev, ino } = identityOf(key);
    this.#wantedIno[0] = ino;
    this.#wantedDevice = this.#known.indexOf(dev);
    return mix(this.#wantedWords[0] ?? 0, this.#wantedWords[1] ?? 0);
  }

  readonly isWanted = (row: number): boolean =>
    this.#words[row * 2] === this.#wantedWords[0] &&
    this.#words[row * 2 + 1] === this.#wantedWords[1] &&
    this.#devices[row] === this.#wantedDevice;

  #grow(): void {
    const [inos, devices] = [new BigUint64Array(this.#inos.length * 2), new Uint32Array(this.#devices.length * 2)];
    inos.set(this.#inos);
    devices.set(this.#devices);
    [this.#inos, this.#devices, this.#words] = [inos, devices, new Uint32Array(inos.buffer)];
  }
}
