/**
 * Hands out segments: in rows as long as possible, since every row begins with a seek, and to
 * several encoders at once while somebody lends them. Whoever comes later takes half of what
 * the longest row has not begun.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { rowsOf, type Segment } from './bounds.js';
import { Stretch } from './stretch.js';

/** Lends an encoder; undefined while there is none to spare. The result gives it back. */
export type Borrow = () => (() => void) | undefined;

type Work = (stretch: Stretch, signal: AbortSignal) => Promise<void>;

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
  readonly #abort = new AbortController();
  #isOwnFree = true;
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
    if (this.#waiting.length === 0 && longest === undefined) return false;
    if (this.#isOwnFree) {
      this.#isOwnFree = false;
      this.#start(new Stretch(this.#next(longest), () => {}), () => {
        this.#isOwnFree = true;
      });
      return true;
    }
    const release = this.#means.borrow?.();
    if (release !== undefined) this.#startBorrowed(this.#next(longest), release);
    return release !== undefined;
  }

  /** A lent encoder is offered back after every segment: somebody else may wait for it by now. */
  #startBorrowed(segments: readonly Segment[], release: () => void): void {
    let giveBack: (() => void) | undefined = release;
    const onPassed = (stretch: Stretch) => {
      if (stretch.isFinished) return;
      giveBack?.();
      giveBack = this.#means.borrow?.();
      if (giveBack === undefined) this.#waiting.push(stretch.giveRest());
    };
    this.#start(new Stretch(segments, onPassed), () => giveBack?.());
  }

  #start(stretch: Stretch, release: () => void): void {
    const signal = AbortSignal.any([this.#means.signal, this.#abort.signal]);
    const run = this.#work(stretch, signal)
      .catch((error: unknown) => {
        this.#failed ??= { error };
        this.#abort.abort(error);
      })
      .finally(() => {
        this.#running.delete(stretch);
        release();
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
