/**
 * Tells whether a file has stopped growing.
 *
 * A file is settled when its size, mtime and ctime did not change for the settle time:
 * either by its own times, or, where those lie (a copy that keeps dates, a server whose
 * clock is ahead), by having looked the same to us for that long.
 */

import type { Clock } from '../base/clock.js';
import type { VirtualPath } from '../base/paths.js';
import type { WalkedFile } from './walk.js';

interface Observation {
  readonly appearance: string;
  readonly since: number;
}

export class Settling {
  readonly #clock: Clock;
  readonly #settleMs: number;
  readonly #observed = new Map<VirtualPath, Observation>();

  constructor(clock: Clock, settleMs: number) {
    this.#clock = clock;
    this.#settleMs = settleMs;
  }

  /** Milliseconds until the file can be settled if nothing changes; 0: it is settled. */
  remaining(file: WalkedFile): number {
    const now = this.#clock.now();
    // ctime moves with every write and with every change of mtime, and cannot be set back.
    const age = now - Number(file.ctimeNs / 1_000_000n);
    const unchangedFor = Math.max(age, this.#observe(file, now));
    if (unchangedFor < this.#settleMs) return this.#settleMs - unchangedFor;
    this.#observed.delete(file.path);
    return 0;
  }

  forget(path: VirtualPath): void {
    this.#observed.delete(path);
  }

  /** How long the file has looked the same to us. */
  #observe(file: WalkedFile, now: number): number {
    const appearance = `${file.identity.ino}:${file.master.size}:${file.master.mtimeNs}:${file.ctimeNs}`;
    const known = this.#observed.get(file.path);
    if (known?.appearance === appearance) return now - known.since;
    this.#observed.set(file.path, { appearance, since: now });
    return 0;
  }
}
