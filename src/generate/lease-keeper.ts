/** Renews a lease while its job is at work, and stops the job when the lease is lost. */

import type { Clock } from '../base/clock.js';
import { ProxyfsError } from '../base/error.js';
import type { Lease } from '../jobs/queue.js';
import type { Generation } from './generation.js';

export class LeaseKeeper {
  readonly #renew: () => void;
  readonly #clock: Clock;
  readonly #timer: NodeJS.Timeout;
  #lease: Lease;

  /** Aborts `job` when the lease is lost: it was cancelled, or another worker has it. */
  constructor({ clock, queue, log }: Generation, lease: Lease, leaseMs: number, job: AbortController) {
    this.#lease = lease;
    this.#clock = clock;
    this.#renew = () => {
      try {
        this.#lease = queue.renew(this.#lease, leaseMs);
      } catch (error) {
        if (error instanceof ProxyfsError && error.code === 'job/lease-lost') job.abort(error);
        else log.warn({ err: error, job: lease.job.id }, 'a lease could not be renewed; it is tried again');
      }
    };
    this.#timer = setInterval(this.#renew, leaseMs / 3);
  }

  /** After a sleep of the machine the lease has ended before its timer could renew it: the work goes on where it was. */
  renewIfOverdue(): void {
    if (this.#lease.expiresAt <= this.#clock.now()) this.#renew();
  }

  /** As last renewed. */
  get lease(): Lease {
    return this.#lease;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
