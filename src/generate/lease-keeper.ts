/** Renews a lease while its job is at work, and stops the job when the lease is lost. */

import { ProxyfsError } from '../base/error.js';
import type { Lease } from '../jobs/queue.js';
import type { Generation } from './generation.js';

export class LeaseKeeper {
  readonly #timer: NodeJS.Timeout;
  #lease: Lease;

  /** Aborts `job` when the lease is lost: it was cancelled, or another worker has it. */
  constructor({ queue, log }: Generation, lease: Lease, leaseMs: number, job: AbortController) {
    this.#lease = lease;
    this.#timer = setInterval(() => {
      try {
        this.#lease = queue.renew(this.#lease, leaseMs);
      } catch (error) {
        if (error instanceof ProxyfsError && error.code === 'job/lease-lost') job.abort(error);
        else log.warn({ err: error, job: lease.job.id }, 'a lease could not be renewed; it is tried again');
      }
    }, leaseMs / 3);
  }

  /** As last renewed. */
  get lease(): Lease {
    return this.#lease;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
