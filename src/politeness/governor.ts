/**
 * Looks at the machine about once a second and says how much may be encoded.
 *
 * Less is in force at once, more only after a while of calm, so that a budget does not flutter.
 * While nothing is to be done it looks seldom. One look at a time; stops with `stop`.
 */

import type { Logger } from '../log/logger.js';
import { type Allowance, decide, type Policy, type Seen } from './decide.js';

export interface GovernorOptions {
  readonly policy: Policy;
  readonly look: () => Promise<Seen>;
  /** Whether there is anything to be polite with. */
  readonly isBusy: () => boolean;
  readonly onChange: (allowance: Allowance) => void;
  readonly log: Logger;
}

const LOOK_MS = 1000;
/** Idle, every so many looks. */
const SELDOM = 5;
export const CALM_MS = 5000;
/** A figure that changes is no news. */
const FIGURE = /\d+ %/g;

export class Governor {
  readonly #options: GovernorOptions;
  #allowance: Allowance;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #isLooking = false;
  /** When the last reason for the present, lower allowance was seen. */
  #lowAt = Number.NEGATIVE_INFINITY;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#allowance = { encoders: options.policy.workers, awaitedOnly: false, reason: undefined };
  }

  get allowance(): Allowance {
    return this.#allowance;
  }

  async start(): Promise<void> {
    await this.look();
    this.#timer ??= setInterval(() => {
      this.#looks += 1;
      if (this.#options.isBusy() || this.#looks % SELDOM === 0) void this.look();
    }, LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const seen = await this.#options.look();
      this.#consider(decide(this.#options.policy, seen), seen.at.getTime());
    } catch (err) {
      this.#options.log.warn({ err }, 'the load of the machine could not be read; the encoders go on as before');
    } finally {
      this.#isLooking = false;
    }
  }

  #consider(next: Allowance, now: number): void {
    const before = this.#allowance;
    const isMore = next.encoders > before.encoders || (before.awaitedOnly && !next.awaitedOnly);
    const isLess = next.encoders < before.encoders || (next.awaitedOnly && !before.awaitedOnly);
    // A clock that was set back says nothing of the calm.
    const isCalm = now < this.#lowAt || now - this.#lowAt >= CALM_MS;
    if (isMore && !isLess && !isCalm) return;
    if (next.reason !== undefined) this.#lowAt = now;
    this.#allowance = next;
    if (isMore || isLess) this.#options.onChange(next);
    if (plain(next.reason) !== plain(before.reason)) {
      const { encoders, awaitedOnly, reason } = next;
      this.#options.log.debug({ encoders, awaitedOnly }, reason ?? 'all encoders may work again');
    }
  }
}

const plain = (reason: string | undefined): string | undefined => reason?.replace(FIGURE, '');
