/**
 * Events on their way from the addon to whoever listens.
 *
 * A program that opens thousands of files a second must not hold the event loop: delivery rests
 * between slices, and what waits to be told already is told once. Opens, closes and known changes
 * are told for what they ask of the listener now, so that a repetition says nothing new.
 *
 * Order is kept. What no longer fits is counted and told as `lost`, but for opens and closes: nobody
 * depends on hearing of every one.
 */

import { setImmediate } from 'node:timers';
import { Slices } from '../base/slices.js';
import type { VolumeEvent } from './driver.js';
import type { LiveEvent } from './native-events.js';

export type Listener = (event: VolumeEvent) => void;

/** Some 2 MB of paths. */
const MOST_WAITING = 8192;

export class EventBacklog {
  #waiting: LiveEvent[] = [];
  /** What of `#waiting` need not be said twice. */
  readonly #said = new Set<string>();
  #lost = 0;
  #listener: Listener | undefined;
  #isDelivering = false;

  /** `convert` is called when the event is told, which is soon. */
  constructor(private readonly convert: (event: LiveEvent) => VolumeEvent) {}

  /** What came before there was a listener is told to the first. */
  listen(listener: Listener): void {
    this.#listener = listener;
    this.#begin();
  }

  push(event: LiveEvent): void {
    const key = keyOf(event);
    if (key !== undefined && this.#said.has(key)) return;
    if (event.kind === 'lost') this.#lost += event.count;
    else if (this.#waiting.length < MOST_WAITING) {
      this.#waiting.push(event);
      if (key !== undefined) this.#said.add(key);
    } else if (event.kind !== 'opened' && event.kind !== 'idle') this.#lost += 1;
    this.#begin();
  }

  #begin(): void {
    if (this.#listener === undefined || this.#isDelivering) return;
    this.#isDelivering = true;
    setImmediate(() => void this.#deliverAll());
  }

  async #deliverAll(): Promise<void> {
    const slices = new Slices();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const event of batch) {
        const key = keyOf(event);
        if (key !== undefined) this.#said.delete(key);
        this.#tell(this.convert(event));
        await slices.rest();
      }
    }
    this.#isDelivering = false;
    const count = this.#lost;
    this.#lost = 0;
    if (count > 0) this.#tell({ kind: 'lost', count });
  }

  /** A listener that throws must not take the events behind it along, nor go unnoticed. */
  #tell(event: VolumeEvent): void {
    try {
      this.#listener?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** The same for events of which the second says nothing that the first has not said. */
function keyOf(event: LiveEvent): string | undefined {
  switch (event.kind) {
    case 'opened':
      return `opened ${event.dev} ${event.ino} ${event.pid} ${event.replaced}`;
    case 'idle':
    case 'stale':
      return `${event.kind} ${event.dev} ${event.ino}`;
    case 'changed':
      return `changed ${event.path.toString('latin1')}`;
    default:
      return undefined;
  }
}
