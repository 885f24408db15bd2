/**
 * The other waiting jobs of a clip whose job is at work: leased with it, so that one decode
 * serves them all.
 *
 * Promises: what is held is renewed until it is settled; `close` gives back what is not, without
 * counting an attempt. Only jobs of the same class join: what somebody waits for is not slowed
 * by what nobody asked for.
 */

import { ProxyfsError } from '../base/error.js';
import type { Lease } from '../jobs/queue.js';
import type { Generation } from './generation.js';
import { LeaseKeeper } from './lease-keeper.js';

/** One held job. */
export interface Companion {
  /** As last renewed. */
  readonly lease: () => Lease;
}

export interface HolderOptions {
  readonly worker: string;
  readonly leaseMs: number;
}

export class Companions {
  readonly #generation: Generation;
  readonly #options: HolderOptions;
  readonly #held = new Map<Companion, LeaseKeeper>();

  constructor(generation: Generation, options: HolderOptions) {
    this.#generation = generation;
    this.#options = options;
  }

  /** Leases what waits beside `lease`. */
  join(lease: Lease): readonly Companion[] {
    const { worker, leaseMs } = this.#options;
    for (const other of this.#generation.queue.leaseBeside(lease, worker, leaseMs)) {
      // A job that is lost meanwhile is noticed when it is settled; the others go on.
      const keeper = new LeaseKeeper(this.#generation, other, leaseMs, new AbortController());
      this.#held.set({ lease: () => keeper.lease }, keeper);
    }
    return [...this.#held.keys()];
  }

  renewIfOverdue(): void {
    for (const keeper of this.#held.values()) keeper.renewIfOverdue();
  }

  /** It has been completed or failed: nothing is left to give back. */
  settled(companion: Companion): void {
    this.#held.get(companion)?.stop();
    this.#held.delete(companion);
  }

  /** Back into the queue. */
  release(companion: Companion): void {
    this.settled(companion);
    try {
      this.#generation.queue.release(companion.lease());
    } catch (error) {
      if (!(error instanceof ProxyfsError && error.code === 'job/lease-lost')) throw error;
    }
  }

  close(): void {
    for (const companion of [...this.#held.keys()]) this.release(companion);
  }
}
