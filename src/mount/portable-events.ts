/**
 * Events on their way to the one listener: in order, never inside a commit, bounded.
 * What arrives before there is a listener waits for it.
 */

import type { VolumeEvent } from './driver.js';

const MOST_WAITING = 65_536;

export class EventQueue {
  #waiting: VolumeEvent[] = [];
  #listener: ((event: VolumeEvent) => void) | undefined;
  #held = 0;
  #scheduled = false;
  #lostNow = 0;
  lost = 0;

  listen(listener: (event: VolumeEvent) => void): void {
    this.#listener = listener;
    this.#schedule();
  }

  emit(event: VolumeEvent): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.lost += 1;
      this.#lostNow += 1;
      return;
    }
    this.#waiting.push(event);
    this.#schedule();
  }

  /** Keeps events back while `work` runs. */
  async without<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#held += 1;
    try {
      return await work();
    } finally {
      this.#held -= 1;
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#listener === undefined || this.#held > 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#listener === undefined || this.#held > 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    if (this.#lostNow > 0) {
      events.push({ kind: 'lost', count: this.#lostNow });
      this.#lostNow = 0;
    }
    for (const event of events) this.#listener(event);
  }
}
