/**
 * Gathers places that may have changed until it is quiet for a moment, or for as long as may
 * be waited, and hands them over together. Places below others go with them; too many become
 * their common root. Concurrency: belongs to the event loop; `onDue` is called from a timer.
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
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NewsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  add(place: VirtualPath): void {
    if (!this.#places.has(ROOT)) this.#places.add(place);
    if (this.#places.size > MOST_PLACES) this.#places = new Set([ROOT]);
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

  /** Everything so far; none of it lies below another. */
  take(): readonly VirtualPath[] {
    clearTimeout(this.#timer);
    const places = this.#places;
    this.#places = new Set();
    this.#since = undefined;
    return [...places].filter((place) => !hasAbove(place, places));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#places.clear();
  }
}

function hasAbove(place: VirtualPath, places: ReadonlySet<VirtualPath>): boolean {
  if (place === ROOT) return false;
  for (let at = place.lastIndexOf('/'); at > 0; at = place.lastIndexOf('/', at - 1)) {
    if (places.has(place.slice(0, at) as VirtualPath)) return true;
  }
  return places.has(ROOT);
}
