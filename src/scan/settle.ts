/**
 * Tells whether a file has stopped growing.
 *
 * A file is settled when its size, mtime and ctime did not change for the settle time:
 * either by its own times, or, where those lie (a copy that keeps dates, a server whose
 * clock is ahead), by having looked the same to us for that long. A file that changes again
 * after it was taken for complete (a copy that pauses) is waited for twice as long, and again.
 */

import type { Clock } from '../base/clock.js';
import type { VirtualPath } from '../base/paths.js';
import type { WalkedFile } from './walk.js';

interface Observation {
  readonly appearance: string;
  readonly since: number;
}

/** A file that was taken for complete a short while ago. */
interface Belief {
  readonly appearance: string;
  readonly at: number;
  readonly patienceMs: number;
}

const MOST_PATIENCE_MS = 60_000;
/** So long after it was taken for complete a change is an edit, and not the same copy going on. */
const BELIEF_MS = 600_000;
const MOST_BELIEFS = 2000;

export class Settling {
  readonly #clock: Clock;
  readonly #settleMs: number;
  readonly #observed = new Map<VirtualPath, Observation>();
  readonly #believed = new Map<VirtualPath, Belief>();

  constructor(clock: Clock, settleMs: number) {
    this.#clock = clock;
    this.#settleMs = settleMs;
  }

  /** Milliseconds until the file can be settled if nothing changes; 0: it is settled. */
  remaining(file: WalkedFile): number {
    const now = this.#clock.now();
    const appearance = `${file.identity.ino}:${file.master.size}:${file.master.mtimeNs}:${file.ctimeNs}`;
    const patienceMs = this.#patience(file.path, appearance, now);
    // ctime moves with every write and with every change of mtime, and cannot be set back.
    const age = now - Number(file.ctimeNs / 1_000_000n);
    const unchangedFor = Math.max(age, this.#observe(file.path, appearance, now));
    if (unchangedFor < patienceMs) return patienceMs - unchangedFor;
    this.#observed.delete(file.path);
    if (age < BELIEF_MS) this.#believe(file.path, { appearance, at: now, patienceMs });
    return 0;
  }

  forget(path: VirtualPath): void {
    this.#observed.delete(path);
    this.#believed.delete(path);
  }

  /** How long the file has looked the same to us. */
  #observe(path: VirtualPath, appearance: string, now: number): number {
    const known = this.#observed.get(path);
    // A clock that was set back begins anew, instead of waiting until it is as late again.
    if (known?.appearance === appearance && known.since <= now) return now - known.since;
    this.#observed.set(path, { appearance, since: now });
    return 0;
  }

  #patience(path: VirtualPath, appearance: string, now: number): number {
    const belief = this.#believed.get(path);
    if (belief === undefined || now - belief.at > BELIEF_MS) return this.#settleMs;
    if (belief.appearance === appearance) return belief.patienceMs;
    return Math.min(belief.patienceMs * 2, Math.max(MOST_PATIENCE_MS, this.#settleMs));
  }

  /** Of too many the oldest goes: it costs no more than an examination too early. */
  #believe(path: VirtualPath, belief: Belief): void {
    this.#believed.delete(path);
    this.#believed.set(path, belief);
    if (this.#believed.size <= MOST_BELIEFS) return;
    for (const oldest of this.#believed.keys()) {
      this.#believed.delete(oldest);
      break;
    }
  }
}
