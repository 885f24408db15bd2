/**
 * Walks take turns: one at a time, first come first served, but a long one lets others go in
 * between, so that news does not wait for a look at everything.
 *
 * Promises: whoever is let in has ended before `giveWay` resolves, and nothing else goes on
 * meanwhile. Only the one at work gives way, and only while it holds nothing that others could
 * make untrue. Who would take as long as the one at work waits for a turn of its own.
 */

export interface Turn {
  /** Whether somebody may be let in now. */
  readonly isWanted: boolean;
  /** Lets them in; resolves when they are through. */
  giveWay(): Promise<void>;
}

interface Waiting {
  readonly isLong: boolean;
  /** Never rejects: who waits hears of its end itself. */
  readonly begin: () => Promise<void>;
}

export class Turns implements Turn {
  readonly #waiting: Waiting[] = [];
  #isBusy = false;

  /** `isLong`: it is not let in between. */
  async run<T>(task: () => Promise<T>, { isLong }: { readonly isLong: boolean }): Promise<T> {
    if (!this.#isBusy) return await this.#work(task);
    return await new Promise<T>((resolve, reject) => {
      this.#waiting.push({ isLong, begin: () => task().then(resolve, reject) });
    });
  }

  get isWanted(): boolean {
    return this.#waiting.some(({ isLong }) => !isLong);
  }

  async giveWay(): Promise<void> {
    for (;;) {
      const index = this.#waiting.findIndex(({ isLong }) => !isLong);
      if (index < 0) return;
      const [next] = this.#waiting.splice(index, 1);
      await next?.begin();
    }
  }

  async #work<T>(task: () => Promise<T>): Promise<T> {
    this.#isBusy = true;
    try {
      return await task();
    } finally {
      this.#isBusy = false;
      const next = this.#waiting.shift();
      if (next !== undefined) void this.#work(next.begin);
    }
  }
}
