/**
 * The slow check of all proxies: a round every so many days, a few megabytes a second, and
 * after a restart from where it was. What is damaged is withdrawn at once.
 *
 * Concurrency: one loop; `stop` ends it within a read.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { ProxyfsError } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import type { CacheBook, CachedObject } from '../catalog/cache-book.js';
import { blake3OfFileSlowly } from '../fingerprint/slow-hash.js';
import type { Logger } from '../log/logger.js';
import type { Pool } from '../pool/pool.js';
import type { Health } from './health.js';
import { inspect, unreachable } from './inspect.js';
import { DAY_MS } from './policy.js';

export interface ScrubOptions {
  readonly book: CacheBook;
  readonly pool: Pool;
  readonly health: Health;
  readonly log: Logger;
  readonly clock: Clock;
  /** From one round to the next; 0: never. */
  readonly days: number;
  readonly bytesPerSecond: number;
  /** How long to wait after the start, and after trouble. */
  readonly waitMs?: number;
}

/** A daemon that has just started has better things to do. */
const WAIT_MS = 600_000;
/** The place is written down after this much reading, not after each proxy. */
const NOTE_EVERY_BYTES = 256 * 1024 * 1024;
const NOTE_EVERY = 100;
/** Proxies that are read from the catalog at a time. */
const PAGE = 100;

export class Scrub {
  readonly #options: ScrubOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: ScrubOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.days > 0) this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort(new ProxyfsError('job/cancelled', 'the daemon stops'));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { log, waitMs = WAIT_MS } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await sleep(waitMs, undefined, { signal });
        if (this.#isDue()) await this.#round();
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'the check of the proxies was interrupted; it goes on later');
      }
    }
  }

  #isDue(): boolean {
    const { book, clock, days } = this.#options;
    const { scrubFinishedAt, scrubPosition } = book.totals();
    return scrubPosition !== '' || clock.now() - scrubFinishedAt >= days * DAY_MS;
  }

  async #round(): Promise<void> {
    const { book, clock, log, pool } = this.#options;
    if (!(await pool.isReachable())) throw unreachable(pool);
    let [checked, damaged, since] = [0, 0, { bytes: 0, count: 0 }];
    for (const object of objectsAfter(book, book.totals().scrubPosition)) {
      if (await this.#isDamaged(object)) damaged += 1;
      checked += 1;
      since = { bytes: since.bytes + object.size, count: since.count + 1 };
      if (since.bytes < NOTE_EVERY_BYTES && since.count < NOTE_EVERY) continue;
      book.scrubbed(object.key);
      since = { bytes: 0, count: 0 };
    }
    await pool.sweep();
    book.scrubFinished(clock.now());
    log.info({ checked, damaged }, 'all proxies have been checked');
  }

  async #isDamaged(object: CachedObject): Promise<boolean> {
    const { book, bytesPerSecond, health, pool } = this.#options;
    const { signal } = this.#abort;
    const problem = await inspect(pool, object, (file) => blake3OfFileSlowly(file, bytesPerSecond, signal));
    // Removed meanwhile, for the quota or because its master changed.
    if (problem === undefined || book.object(object.key) === undefined) return false;
    await health.withdraw(object, problem);
    return true;
  }
}

/** A round takes days: proxies of a large project do not wait for it in memory, nor what they were at its beginning. */
function* objectsAfter(book: CacheBook, position: string): Generator<CachedObject, void> {
  let page = book.objects(position as PoolKey | '', PAGE);
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    yield* page;
    page = book.objects(last.key, PAGE);
  }
}
