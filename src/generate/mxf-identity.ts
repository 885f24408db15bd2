/**
 * Gives a finished MXF file its identity.
 *
 * FFmpeg either draws the identity (UMID, SMPTE 330) of an MXF file by lot, so that no two
 * encodes are equal, or, bit-exact, writes zeros, so that editors take all files for one
 * clip. Proxies are written with zeros, and the zeros are replaced here by a number that
 * follows from the pool key: the same proxy has the same identity on every machine, and
 * different proxies have different ones.
 *
 * The file is walked from key to key (SMPTE 336); essence is stepped over, unread. In
 * bursts on the event loop, which is given way to every few milliseconds.
 */

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { setImmediate as giveWay } from 'node:timers/promises';
import { ProxyfsError } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';

/** What every UMID begins with, and the zeros of one that has not been given; a type byte follows. */
const NO_IDENTITY = Buffer.concat([Buffer.from('060a2b340101010501010d0013', 'hex'), Buffer.alloc(18)]);
const NUMBER_AT = 13;
const NUMBER_BYTES = 18;

/** Pictures, sound and fill: never a UMID inside, or one that is not FFmpeg's. */
const ESSENCE = Buffer.from('060e2b34010201010d010301', 'hex');
const SMPTE_KEY = Buffer.from('060e2b34', 'hex');
/** Index tables grow with the file and hold no identities. */
const LARGEST_SET = 64 * 1024;
const WINDOW = 4096;
const BURST_MS = 4;

/** Returns how many places were written; throws 'pool/damaged' for what is no MXF file or has none. */
export async function stampMxfIdentity(file: RealPath, key: PoolKey, signal?: AbortSignal): Promise<number> {
  const number = Buffer.from(key, 'hex').subarray(0, NUMBER_BYTES);
  const fd = openSync(file, 'r+');
  try {
    const walk = new Walk(fd, number);
    while (walk.burst(performance.now() + BURST_MS)) {
      signal?.throwIfAborted();
      await giveWay();
    }
    if (walk.stamped === 0) throw notMxf(file);
    return walk.stamped;
  } finally {
    closeSync(fd);
  }
}

class Walk {
  stamped = 0;
  #at = 0;
  /** What was read last, and where it lies in the file. */
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  constructor(
    private readonly fd: number,
    private readonly number: Buffer,
  ) {}

  /** Steps from key to key; false at the end of the file. */
  burst(until: number): boolean {
    do {
      const head = this.#read(this.#at, 25);
      if (head.length < 17 || !head.subarray(0, 4).equals(SMPTE_KEY)) return false;
      const { length, size } = berLength(head.subarray(16));
      const valueAt = this.#at + 16 + size;
      const isEssence = head.subarray(0, ESSENCE.length).equals(ESSENCE);
      if (!isEssence && length <= LARGEST_SET) this.#stamp(valueAt, this.#read(valueAt, length));
      this.#at = valueAt + length;
    } while (performance.now() < until);
    return true;
  }

  #stamp(valueAt: number, value: Buffer): void {
    for (let at = value.indexOf(NO_IDENTITY); at >= 0; at = value.indexOf(NO_IDENTITY, at + 1)) {
      writeSync(this.fd, this.number, 0, this.number.length, valueAt + at + NUMBER_AT);
      this.stamped += 1;
    }
  }

  #read(at: number, length: number): Buffer {
    const from = at - this.#windowAt;
    if (from < 0 || from + length > this.#window.length) {
      const window = Buffer.alloc(Math.max(WINDOW, length));
      this.#window = window.subarray(0, readSync(this.fd, window, 0, window.length, at));
      this.#windowAt = at;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }
}

/** ASN.1 BER: one byte up to 127, else the number of bytes that follow. */
function berLength(bytes: Buffer): { readonly length: number; readonly size: number } {
  const first = bytes[0] ?? 0;
  if (first < 0x80) return { length: first, size: 1 };
  const count = first & 0x7f;
  const length = count === 0 || count > 8 ? Number.NaN : Number(`0x${bytes.subarray(1, 1 + count).toString('hex')}`);
  // A length that cannot be read ends the walk.
  return { length: Number.isNaN(length) ? Number.MAX_SAFE_INTEGER / 2 : length, size: 1 + count };
}

function notMxf(file: RealPath): ProxyfsError {
  return new ProxyfsError('pool/damaged', `${file} has no place for an MXF identity: it was not made as a proxy`);
}
