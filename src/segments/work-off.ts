/**
 * Hands out segments: in rows as long as possible, since every row begins with a seek, and to
 * several encoders at once while somebody lends them. Whoever comes later takes half of what
 * the longest row has not begun. The clip's own encoder is never idle while a lent one works: a
 * lent one may be held up at any moment, and takes its place when nothing else is left.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from '../ffmpeg/pace.js';
import { rowsOf, type Segment } from './bounds.js';
import { Stretch } from './stretch.js';

/** A lent encoder. */
export interface Loan {
  /** Holds up what it encodes, apart from the rest of the clip. */
  readonly pace: Pace;
  /** To be called after every segment, since somebody else may wait by now: false when it is given back. */
  offer(): boolean;
  /** It takes the place of the clip's own encoder, and is no longer lent. */
  takeOver(): void;
  /** What it encoded has ended. */
  end(): void;
}

/** Lends an encoder; undefined while there is none to spare. */
export type Borrow = () => Loan | undefined;

/** `pace`: of a lent encoder. */
type Work = (stretch: Stretch, signal: AbortSignal, pace?: Pace) => Promise<void>;

interface Means {
  readonly signal: AbortSignal;
  readonly borrow?: Borrow | undefined;
}

const LOOK_AGAIN_MS = 1000;

/**
 * `work` ends when the stretch is finished, which may be sooner than it was when it began. The
 * first error ends all that runs, and is thrown when nothing runs any more.
 */
export async function workOff(segments: readonly Segment[], work: Work, means: Means): Promise<void> {
  await new Shift(segments, work, means).run();
}

class Shift {
  readonly #waiting: (readonly Segment[])[];
  readonly #work: Work;
  readonly #means: Means;
  readonly #running = new Map<Stretch, Promise<void>>();
  /** Of those that run, the lent ones. */
  readonly #lent = new Map<Stretch, Loan>();
  /** What the clip's own encoder works on. */
  #own: Stretch | undefined;
  readonly #abort = new AbortController();
  #failed: { readonly error: unknown } | undefined;

  constructor(segments: readonly Segment[], work: Work, means: Means) {
    this.#waiting = [...rowsOf(segments)];
    this.#work = work;
    this.#means = means;
  }

  async run(): Promise<void> {
    while (this.#failed === undefined && (this.#running.size > 0 || this.#waiting.length > 0)) {
      if (this.#startOne()) continue;
      await Promise.race([...this.#running.values(), sleep(LOOK_AGAIN_MS, undefined, { ref: false })]);
    }
    await Promise.all(this.#running.values());
    if (this.#failed !== undefined) throw this.#failed.error;
    this.#means.signal.throwIfAborted();
  }

  #startOne(): boolean {
    const longest = this.#longest();
    const isLeft = this.#waiting.length > 0 || longest !== undefined;
    if (this.#own === undefined) return isLeft ? this.#startOwn(this.#next(longest)) : this.#takeOver();
    const loan = isLeft ? this.#means.borrow?.() : undefined;
    if (loan !== undefined) this.#startLent(this.#next(longest), loan);
    return loan !== undefined;
  }

  #startOwn(segments: readonly Segment[]): true {
    this.#own = new Stretch(segments, () => {});
    this.#start(this.#own);
    return true;
  }

  /** A lent encoder is offered back after every segment: somebody else may wait for it by now. */
  #startLent(segments: readonly Segment[], loan: Loan): void {
    const onPassed = (stretch: Stretch) => {
      if (stretch.isFinished || !this.#lent.has(stretch)) return;
      if (loan.offer()) return;
      this.#lent.delete(stretch);
      this.#waiting.push(stretch.giveRest());
    };
    const stretch = new Stretch(segments, onPassed);
    this.#lent.set(stretch, loan);
    this.#start(stretch, loan);
  }

  /** What is left is in the hands of lent ones: one of them is the clip's own from now on. */
  #takeOver(): boolean {
    for (const [stretch, loan] of this.#lent) {
      this.#lent.delete(stretch);
      this.#own = stretch;
      loan.takeOver();
      return true;
    }
    return false;
  }

  #start(stretch: Stretch, loan?: Loan): void {
    const signal = AbortSignal.any([this.#means.signal, this.#abort.signal]);
    const run = this.#work(stretch, signal, loan?.pace)
      .catch((error: unknown) => {
        this.#failed ??= { error };
        this.#abort.abort(error);
      })
      .finally(() => {
        this.#running.delete(stretch);
        this.#lent.delete(stretch);
        if (this.#own === stretch) this.#own = undefined;
        loan?.end();
      });
    this.#running.set(stretch, run);
  }

  /** What nobody works on, else half of `longest`. */
  #next(longest: Stretch | undefined): readonly Segment[] {
    return this.#waiting.shift() ?? longest?.giveHalf() ?? [];
  }

  #longest(): Stretch | undefined {
    const [longest] = [...this.#running.keys()].sort((a, b) => b.notBegun - a.notBegun);
    return longest !== undefined && longest.notBegun > 0 ? longest : undefined;
  }
}
