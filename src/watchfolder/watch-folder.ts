/**
 * The watcher: what lies in `pending` is taken, run and ended, oldest first, and what dead
 * watchers left in `running` is resolved.
 *
 * Concurrency: one loop decides what is taken; at most `maxWorkers` specs are worked on at
 * once. Aborting the signal takes nothing more, stops what runs and puts it back. Any number
 * of watchers, on any number of machines, may share a folder: `claim.ts` says why.
 */

import { type Clock, systemClock } from '../base/clock.js';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { type Arrival, ArrivalScanner } from './arrivals.js';
import { type Claim, isThere, takeSpec } from './claim.js';
import { release } from './ending.js';
import type { WatchListener, WatchTotals } from './events.js';
import { type Layout, notWritable, openLayout } from './layout.js';
import { Leases } from './leases.js';
import { News } from './news.js';
import { type LeftBehind, leftBehind, orphansOf } from './recover.js';
import { endFinished, endInterrupted, type SpecRunner, type WorkContext, type WorkEnd, workOn } from './work.js';

export interface WatchOptions {
  readonly folder: RealPath;
  readonly runner: SpecRunner;
  readonly onEvent: WatchListener;
  /** Specs at once; 1: strictly one after the other. */
  readonly maxWorkers: number;
  /** Ends when nothing is left to take. */
  readonly once: boolean;
  /** Looks this often instead of being notified. */
  readonly pollMs?: number | undefined;
  /** How long a spec must look the same before it is taken. */
  readonly settleMs: number;
  /** How long a watcher on another machine may give no sign of life. */
  readonly leaseMs: number;
  /** Runs what a dead watcher left again, instead of failing it. */
  readonly resume: boolean;
  readonly clock?: Clock;
}

/** Between two looks for what dead watchers left. */
const RECOVER_MS = 2000;
/** A list of arrivals is used for this long while specs wait. */
const LIST_MS = 1000;
/** With `once` a full disk ends the run after this long; without, it waits until there is room. */
const ONCE_PATIENCE_MS = 60_000;

/** Resolves with what was done, after an abort or, with `once`, at the end. Rejects when the folder cannot be used. */
export async function watchFolder(options: WatchOptions, signal: AbortSignal): Promise<WatchTotals> {
  const layout = await openLayout(options.folder);
  const watcher = new Watcher(options, layout, signal);
  return await watcher.run();
}

class Watcher {
  readonly #options: WatchOptions;
  readonly #layout: Layout;
  readonly #clock: Clock;
  readonly #context: WorkContext;
  readonly #pending: ArrivalScanner;
  readonly #running: ArrivalScanner;
  readonly #leases: Leases;
  readonly #stop = new AbortController();
  readonly #active = new Set<Promise<void>>();
  readonly #totals = { completed: 0, failed: 0, returned: 0, recovered: 0 };
  readonly #refused = new Map<string, string>();
  readonly #warned = new Set<string>();
  #queue: Arrival[] = [];
  #listedAt = Number.NEGATIVE_INFINITY;
  #recoveredAt = Number.NEGATIVE_INFINITY;
  #nextMs: number | undefined;
  #hasNews = true;
  #fatal: unknown;
  #isWoken = false;
  #resolveWait: () => void = () => undefined;
  /** Taken over, to be run again when there is room. */
  #resumable: Claim[] = [];
  #orphanMs: number | undefined;

  constructor(options: WatchOptions, layout: Layout, signal: AbortSignal) {
    const { once, onEvent, runner, settleMs, leaseMs, clock = systemClock } = options;
    this.#options = options;
    this.#layout = layout;
    this.#clock = clock;
    this.#context = { layout, runner, onEvent, patienceMs: once ? ONCE_PATIENCE_MS : Number.POSITIVE_INFINITY };
    this.#pending = new ArrivalScanner(layout.pending, layout, clock, settleMs);
    this.#running = new ArrivalScanner(layout.running, layout, clock, settleMs);
    this.#leases = new Leases(leaseMs, (error) => this.#warn(`a sign of life cannot be written: ${messageOf(error)}`));
    const stop = () => {
      if (!this.#stop.signal.aborted) onEvent({ event: 'stopping' });
      this.#stop.abort();
      this.#wake();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  async run(): Promise<WatchTotals> {
    const { folder, maxWorkers, once, onEvent, pollMs } = this.#options;
    onEvent({ event: 'watching', folder, max_workers: maxWorkers, once });
    const onNews = () => {
      this.#hasNews = true;
      this.#wake();
    };
    const onTrouble = (error: unknown) => this.#warn(`no notification: ${messageOf(error)}; looking every few seconds`);
    const news = new News({ folder: this.#layout.pending, pollMs, onNews, onTrouble });
    try {
      await this.#loop();
    } catch (error) {
      this.#fail(error);
    } finally {
      // Stopped before their turn: they go back like those that run.
      for (const claim of this.#resumable) void this.#start(claim, (signal) => workOn(this.#context, claim, signal));
      await Promise.all(this.#active);
      await news.close();
      await this.#leases.close();
    }
    if (this.#fatal !== undefined) throw this.#fatal;
    onEvent({ event: 'stopped', ...this.#totals });
    return { ...this.#totals };
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#isWoken = false;
      await this.#recover();
      await this.#takeMore();
      if (this.#options.once && this.#isDrained()) return;
      await this.#untilSomethingHappens();
    }
  }

  #isDrained(): boolean {
    const isIdle = this.#active.size === 0 && this.#queue.length === 0 && this.#resumable.length === 0;
    return isIdle && this.#nextMs === undefined && this.#orphanMs === undefined && !this.#hasNews;
  }

  async #untilSomethingHappens(): Promise<void> {
    if (this.#isWoken || (this.#hasNews && this.#hasRoom())) return;
    const waitMs = Math.min(this.#nextMs ?? RECOVER_MS, RECOVER_MS);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#resolveWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    // A spec that was growing is looked at again when it can have settled.
    if (this.#nextMs !== undefined) this.#hasNews = true;
  }

  #wake(): void {
    this.#isWoken = true;
    this.#resolveWait();
  }

  #hasRoom(): boolean {
    return this.#active.size < this.#options.maxWorkers && !this.#stop.signal.aborted;
  }

  async #takeMore(): Promise<void> {
    while (this.#hasRoom()) {
      const resumed = this.#resumable.shift();
      if (resumed !== undefined) {
        void this.#start(resumed, (signal) => workOn(this.#context, resumed, signal));
        continue;
      }
      const arrival = await this.#next();
      if (arrival === undefined) return;
      const claim = await this.#take(arrival);
      if (claim !== undefined) void this.#start(claim, (signal) => workOn(this.#context, claim, signal));
    }
  }

  /** The oldest spec that has settled, of a list that is at most so old. */
  async #next(): Promise<Arrival | undefined> {
    const isStale = this.#hasNews && this.#clock.now() - this.#listedAt >= LIST_MS;
    if (isStale || (this.#queue.length === 0 && this.#hasNews)) await this.#list();
    return this.#queue.shift();
  }

  async #list(): Promise<void> {
    this.#hasNews = false;
    const { settled, nextMs } = await this.#pending.scan();
    this.#queue = settled.filter((arrival) => !this.#refused.has(keyOf(arrival)));
    this.#nextMs = nextMs;
    this.#listedAt = this.#clock.now();
  }

  /** Undefined: somebody else has it, or it cannot be moved; that is said once. */
  async #take(arrival: Arrival): Promise<Claim | undefined> {
    try {
      return await takeSpec(this.#layout, arrival, this.#clock.now());
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (['ENOSPC', 'EDQUOT'].includes(errno) && !this.#options.once) {
        this.#options.onEvent({ event: 'waiting', reason: `nothing can be taken (${errno}): free some space` });
        this.#queue = [];
        return undefined;
      }
      if (!['EACCES', 'EPERM', 'EBUSY'].includes(errno) || !(await isThere(arrival.path)))
        throw notWritable(this.#options.folder, error);
      await openLayout(this.#options.folder);
      this.#refused.set(keyOf(arrival), errno);
      this.#warn(`'${arrival.name}' cannot be moved out of pending (${errno}): it is left there`);
      return undefined;
    }
  }

  #start(claim: Claim, work: (signal: AbortSignal) => Promise<WorkEnd>): Promise<void> {
    const lost = new AbortController();
    this.#leases.hold(claim, () => lost.abort());
    const running = this.#finish(claim, lost.signal, () => work(AbortSignal.any([this.#stop.signal, lost.signal])));
    this.#active.add(running);
    const ended = () => {
      this.#active.delete(running);
      this.#wake();
    };
    return running.finally(ended);
  }

  /** Never rejects: what goes wrong here is a lost claim, or the end of the watcher. */
  async #finish(claim: Claim, lost: AbortSignal, work: () => Promise<WorkEnd>): Promise<void> {
    try {
      const end = await work();
      this.#totals[end.kind === 'returned' ? 'returned' : end.folder] += 1;
    } catch (error) {
      const isLost =
        lost.aborted ||
        (errnoOf(error) === 'ENOENT' && !(await isThere(claim.folder)) && (await isThere(this.#layout.running)));
      if (isLost) this.#options.onEvent({ event: 'lost', name: claim.record.stem });
      else this.#fail(error);
    } finally {
      await this.#leases.letGo(claim);
    }
  }

  async #recover(): Promise<void> {
    if (this.#clock.now() - this.#recoveredAt < RECOVER_MS) return;
    const found = leftBehind({
      layout: this.#layout,
      leaseMs: this.#options.leaseMs,
      onTrouble: (name, error) => this.#warnOnce(`'${name}' in running cannot be taken over: ${messageOf(error)}`),
    });
    for await (const left of found) await this.#resolve(left);
    const { settled, nextMs } = await this.#running.scan();
    this.#orphanMs = nextMs;
    for (const orphan of await orphansOf(settled)) {
      const claim = await this.#take(orphan);
      if (claim !== undefined)
        await this.#resolve({ claim, state: 'spec', reason: 'it lay in running, and no watcher had it' });
    }
    this.#recoveredAt = this.#clock.now();
  }

  async #resolve({ claim, state, reason }: LeftBehind): Promise<void> {
    const name = claim.record.stem;
    const { onEvent, resume } = this.#options;
    const tell = (action: 'interrupted' | 'resumed' | 'finished' | 'nothing') =>
      onEvent({ event: 'recovered', name, action, reason });
    if (state === 'nothing') {
      tell('nothing');
      return await release(this.#layout, claim);
    }
    this.#totals.recovered += 1;
    if (state === 'spec' && resume) {
      tell('resumed');
      this.#leases.hold(claim, () => undefined);
      this.#resumable.push(claim);
      return;
    }
    tell(state === 'result' ? 'finished' : 'interrupted');
    await this.#start(claim, (signal) =>
      state === 'result' ? endFinished(this.#context, claim) : endInterrupted(this.#context, claim, signal, reason),
    );
  }

  #warn(reason: string): void {
    this.#options.onEvent({ event: 'warning', reason });
  }

  #warnOnce(reason: string): void {
    if (this.#warned.has(reason)) return;
    this.#warned.add(reason);
    this.#warn(reason);
  }

  #fail(error: unknown): void {
    this.#fatal ??= error instanceof ProxyfsError ? error : notWritable(this.#options.folder, error);
    this.#stop.abort();
    this.#wake();
  }
}

const keyOf = ({ name, mtimeNs }: Arrival): string => `${mtimeNs}:${name}`;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
