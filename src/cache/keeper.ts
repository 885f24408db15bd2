/**
 * Keeps the pool within its quota and its time to live.
 *
 * Promises: never removed is what a program holds open, what is pinned, and what another
 * project uses; a path leads to its master before its proxy goes; what was removed is not
 * made again unless somebody asks for it. When nothing more can go it says why.
 *
 * Concurrency: one removal at a time; all state belongs to the event loop.
 */

import { formatSize } from '../base/byte-size.js';
import type { Clock } from '../base/clock.js';
import type { AssetId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { CacheBook, CachedObject } from '../catalog/cache-book.js';
import { Mutex } from '../flip/mutex.js';
import type { Withdrawer } from '../flip/withdraw.js';
import type { Journal } from '../journal/journal.js';
import type { Logger } from '../log/logger.js';
import type { Pool } from '../pool/pool.js';
import { describeKept } from './describe.js';
import type { Pins } from './pins.js';
import { type Candidate, type Choice, chooseVictims, DAY_MS, type Wish } from './policy.js';
import { HEADROOM, quotaBytes, TRIM_UNUSED_MS } from './quota.js';
import type { UseLog } from './use-log.js';

export interface KeeperOptions {
  readonly book: CacheBook;
  readonly uses: UseLog;
  readonly pins: Pins;
  readonly pool: Pool;
  readonly withdrawer: Withdrawer;
  readonly journal: Journal;
  readonly log: Logger;
  readonly clock: Clock;
  /** `500G`, `80%`; undefined: as large as the disk. */
  readonly quota: string | undefined;
  /** 0: for ever. */
  readonly ttlDays: number;
  readonly namesOf: (asset: AssetId) => readonly VirtualPath[];
  /** Those that any program holds open now. */
  readonly openAssets: () => ReadonlySet<AssetId>;
  /** What is waited for or being made: their segments stay. */
  readonly unfinished: () => ReadonlySet<PoolKey>;
}

/** As `status` shows it. */
export interface CacheState {
  readonly used: number;
  /** null: none is set. */
  readonly quota: number | null;
  readonly evicted: number;
  readonly evictedBytes: number;
  readonly pins: readonly VirtualPath[];
  /** Why nothing more can be removed although it should be; null when all is well. */
  readonly note: string | null;
}

interface Victim extends Candidate {
  /** Bytes that go with it. */
  readonly weight: number;
}

/** Removed under one hold of the flip's lock. */
const BATCH = 50;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #lock = new Mutex();
  /** Why the last who asked for room got none; why the pool is above its quota. */
  #noRoom: string | undefined;
  #tooMuch: string | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Frees room for one more proxy; `unusedMs`: only what was not used for so long. Returns why there is none. */
  makeRoom(size: number, unusedMs: number): Promise<string | undefined> {
    return this.#lock.run(async () => {
      const quota = await this.quota();
      if (quota === undefined) return undefined;
      // Who displaces nothing leaves the headroom free: an estimate that was too low must cost nobody a proxy.
      const limit = Number.isFinite(unusedMs) ? quota : quota * (1 - HEADROOM);
      const used = await this.#usedWithin(limit - size);
      const needed = used + size - limit;
      this.#noRoom = undefined;
      if (needed <= 0) return undefined;
      const usedBefore = this.#options.clock.now() - unusedMs;
      const wish = { needed, wanted: needed + quota * HEADROOM, usedBefore };
      const choice = await this.#evict(wish, `the pool has reached its quota of ${formatSize(quota)}`);
      if (choice.freed < needed)
        this.#noRoom = quotaReached({
          quota,
          used,
          size,
          choice,
          unusedMs,
          segments: (await this.#options.pool.space()).segments,
        });
      return this.#noRoom;
    });
  }

  /** What a quota that was lowered, another project or time itself has made too much. */
  tidy(): Promise<void> {
    return this.#lock.run(async () => {
      const { book, clock, uses } = this.#options;
      uses.flush();
      book.beginUses(clock.now());
      await this.#expire();
      await this.#trim();
    });
  }

  async state(): Promise<CacheState> {
    const { book, pins, pool } = this.#options;
    const { used } = await pool.space();
    const { evicted, evictedBytes } = book.totals();
    const quota = (await this.quota()) ?? null;
    return { used, quota, evicted, evictedBytes, pins: pins.list(), note: this.#tooMuch ?? this.#noRoom ?? null };
  }

  async #expire(): Promise<void> {
    const { clock, ttlDays } = this.#options;
    if (ttlDays === 0) return;
    const usedBefore = clock.now() - ttlDays * DAY_MS;
    const wish = { needed: 0, wanted: Number.POSITIVE_INFINITY, usedBefore };
    await this.#evict(wish, `not used for ${ttlDays} ${ttlDays === 1 ? 'day' : 'days'}`);
  }

  async #trim(): Promise<void> {
    const quota = await this.quota();
    if (quota === undefined) return;
    const used = await this.#usedWithin(quota);
    const over = used - quota;
    if (over <= 0) {
      this.#tell(undefined);
      return;
    }
    const usedBefore = this.#options.clock.now() - TRIM_UNUSED_MS;
    // What can go goes, also when it is not enough.
    const wish = { needed: 0, wanted: over + quota * HEADROOM, usedBefore };
    const choice = await this.#evict(wish, `the pool is larger than its quota of ${formatSize(quota)}`);
    const enough = choice.freed >= over;
    this.#tell(
      enough
        ? undefined
        : quotaReached({
            ...{ quota, used: used - choice.freed, size: 0, choice, unusedMs: TRIM_UNUSED_MS },
            segments: (await this.#options.pool.space()).segments,
          }),
    );
  }

  /** What the pool has; where that is more than this, without what no project uses or goes on with any more. */
  async #usedWithin(bytes: number): Promise<number> {
    const { book, log, pool, unfinished } = this.#options;
    const { used } = await pool.space();
    if (used <= bytes || !(await pool.isReachable())) return used;
    let over = used - bytes;
    for (const { key, size } of await pool.abandonedSegments(unfinished())) {
      if (over <= 0) break;
      await pool.removeSegments(key);
      over -= size;
      log.info({ key, size }, 'segments that nobody goes on with were removed');
    }
    for (const { key, size } of await pool.unclaimed(new Set(book.objects().map((object) => object.key)))) {
      if (over <= 0) break;
      if (!(await pool.release(key))) continue;
      over -= size;
      log.info({ key, size }, 'a proxy that no project uses was removed');
    }
    return bytes + over;
  }

  /** Chooses and removes; `freed` is what has really gone. */
  async #evict(wish: Wish, reason: string): Promise<Choice> {
    const { clock, pins, pool, log, uses } = this.#options;
    uses.flush();
    if (!(await pool.isReachable())) return { ...chooseVictims([], wish), freed: 0 };
    for (const { from, to } of await pins.follow())
      log.info({ from, to }, 'a pinned path was moved: its pin goes with it');
    const choice = chooseVictims(await this.#candidates(), wish);
    const enough = Math.max(wish.needed, wish.wanted);
    let [freed, at] = [0, 0];
    while (at < choice.victims.length && freed < enough) {
      const next = await this.#weigh(choice.victims.slice(at, at + BATCH), enough - freed);
      freed += await this.#remove(next, { at: clock.now(), reason });
      at += next.length;
    }
    if (freed > 0) log.info({ proxies: at, bytes: freed }, `proxies were removed: ${reason}`);
    return { ...choice, freed };
  }

  /** The first of them that free as much, manifests and pictures included; all, when they do not. */
  async #weigh(victims: readonly Candidate[], enough: number): Promise<readonly Victim[]> {
    const weighed: Victim[] = [];
    for (let [at, sum] = [0, 0]; at < victims.length && sum < enough; at += 1) {
      const victim = victims[at];
      if (victim === undefined) break;
      const weight = await this.#options.pool.weigh(victim.key);
      weighed.push({ ...victim, weight });
      sum += weight;
    }
    return weighed;
  }

  async #candidates(): Promise<readonly Candidate[]> {
    const { book, openAssets, pool } = this.#options;
    const shared = await pool.usedByOthers();
    const open = openAssets();
    return book.objects().map((object) => ({ ...object, kept: this.#whyKept(object, shared, open) }));
  }

  #whyKept({ key, owners }: CachedObject, shared: ReadonlySet<PoolKey>, open: ReadonlySet<AssetId>): Candidate['kept'] {
    const { namesOf, pins } = this.#options;
    if (shared.has(key)) return 'shared';
    const isPinned = (asset: AssetId) => namesOf(asset).some((path) => pins.holding(path) !== undefined);
    if (!pins.isEmpty && owners.some(({ asset }) => isPinned(asset))) return 'pinned';
    return owners.some(({ asset }) => open.has(asset)) ? 'open' : undefined;
  }

  /** Returns how many bytes have gone. */
  async #remove(victims: readonly Victim[], eviction: { at: number; reason: string }): Promise<number> {
    const { book, pool, withdrawer } = this.#options;
    const items = victims.map((object) => ({
      object,
      file: pool.fileOf(object.key, object.extension),
      assets: object.owners.map(({ asset }) => asset),
    }));
    const reason = `its proxy was removed: ${eviction.reason}`;
    const removed = await withdrawer.withdraw(items, { reason, onlyIfIdle: true }, (idle) =>
      book.forgetObjects(
        idle.map(({ object }) => object),
        eviction,
      ),
    );
    let bytes = 0;
    for (const { object } of removed) {
      if (await pool.release(object.key)) bytes += object.weight;
      this.#record(object, eviction.reason);
    }
    return bytes;
  }

  #record({ key, owners, size }: CachedObject, reason: string): void {
    const { journal, namesOf } = this.#options;
    for (const { asset, profile } of owners) {
      const facts = { profile, poolKey: key, size, reason };
      journal.record({ kind: 'evicted', path: namesOf(asset)[0], asset, facts });
    }
  }

  /** The workers log for themselves why they rest; this is logged once, whatever its figures. */
  #tell(tooMuch: string | undefined): void {
    if (tooMuch !== undefined && this.#tooMuch === undefined) this.#options.log.warn(tooMuch);
    this.#tooMuch = tooMuch;
  }

  /** In bytes. */
  async quota(): Promise<number | undefined> {
    const { pool, quota } = this.#options;
    return quota === undefined ? undefined : quotaBytes(quota, (await pool.space()).total);
  }
}

interface Reached {
  readonly quota: number;
  readonly used: number;
  /** Of the next proxy; 0: none is asked for. */
  readonly size: number;
  readonly choice: Choice;
  readonly unusedMs: number;
  /** Of proxies that are not finished. */
  readonly segments: number;
}

function quotaReached({ quota, used, size, choice, unusedMs, segments }: Reached): string {
  const what = size === 0 ? 'the pool is above its quota' : 'no proxies are made: the pool has reached its quota';
  const next = size === 0 ? '' : `, and the next proxy needs about ${formatSize(size)}`;
  if (size > quota) {
    return `no more proxies are made at once: the next one and those in the making need about ${formatSize(size)}, more than the quota of the pool (${formatSize(quota)})`;
  }
  const wayOut = 'raise pool-quota, unpin something, or open or prewarm what is needed';
  const parts = segments === 0 ? '' : `, ${formatSize(segments)} of it parts of unfinished proxies`;
  return `${what} (${formatSize(used)} of ${formatSize(quota)}${parts}${next}), and nothing more can be removed: ${describeKept(choice.kept, unusedMs)}; ${wayOut}`;
}
