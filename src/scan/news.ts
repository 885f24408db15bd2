/**
 * Gathers places that may have changed until it is quiet for a moment, or for as long as may
 * be waited, and hands them over together. Places below others go with them; too many are news of
 * everything, which is told beside single places: a look at it takes long. Concurrency: belongs to the event loop; `onDue` is called from a timer.
 */

import { ROOT, type VirtualPath } from '../base/paths.js';

export interface NewsOptions {
  readonly quietMs: number;
  /** News that never pauses is due after this long. */
  readonly patienceMs: number;
  readonly onDue: () => void;
}

/** A look at each of so many places costs about as much as a look at a large project. */
const MOST_PLACES = 2000;

export class News {
  readonly #options: NewsOptions;
  #places = new Set<VirtualPath>();
  #isEverything = false;
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NewsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#places.size === 0 && !this.#isEverything;
  }

  add(place: VirtualPath): void {
    if (place === ROOT) this.#isEverything = true;
    else this.#places.add(place);
    if (this.#places.size > MOST_PLACES) {
      this.#isEverything = true;
      this.#places.clear();
    }
    this.schedule();
  }

  /** Sets the time at which it is due, as long as there is news. */
  schedule(): void {
    if (this.isEmpty) return;
    const { onDue, patienceMs, quietMs } = this.#options;
    const now = performance.now();
    this.#since ??= now;
    clearTimeout(this.#timer);
    const left = Math.max(0, this.#since + patienceMs - now);
    this.#timer = setTimeout(onDue, Math.min(quietMs, left));
  }

  /** What there is so far; none of the places lies below another. */
  take(): { readonly places: readonly VirtualPath[]; readonly isEverything: boolean } {
    clearTimeout(this.#timer);
    const [places, isEverything] = [this.#places, this.#isEverything];
    this.#places = new Set();
    this.#isEverything = false;
    this.#since = undefined;
    return { places: [...places].filter((place) => !hasAbove(place, places)), isEverything };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#places.clear();
    this.#isEverything = false;
  }
}

function hasAbove(place: VirtualPath, places: ReadonlySet<VirtualPath>): boolean {
  for (let at = place.lastIndexOf('/'); at > 0; at = place.lastIndexOf('/', at - 1)) {
    if (places.has(place.slice(0, at) as VirtualPath)) return true;
  }
  return false;
}
