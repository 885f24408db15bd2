/** What has to be undone, in reverse order; a step that fails does not keep the next from being taken. */

import type { Logger } from '../src/log/logger.js';

interface Step {
  readonly name: string;
  readonly undo: () => unknown;
}

/** A step that hangs must not keep a daemon alive for ever. */
const STEP_TIMEOUT_MS = 15_000;
/** What a step may take when the steps before it have used up the time of all. */
const LEAST_STEP_MS = 250;

export class Teardown {
  #steps: Step[] = [];
  #log: Logger | undefined;

  /** Where failures are reported; before there is a log they can only be passed over. */
  use(log: Logger): void {
    this.#log = log;
  }

  add(name: string, undo: () => unknown): void {
    this.#steps.push({ name, undo });
  }

  /** Within about this time: what has not ended by then is left to the end of the process. */
  async run(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    const deadline = performance.now() + withinMs;
    const steps = this.#steps.reverse();
    this.#steps = [];
    for (const { name, undo } of steps) {
      try {
        const patience = Math.min(STEP_TIMEOUT_MS, Math.max(LEAST_STEP_MS, deadline - performance.now()));
        await inTime(Promise.resolve(undo()), Math.round(patience));
      } catch (error) {
        this.#log?.error({ err: error, step: name }, 'a part of the daemon did not end as it should');
      }
    }
  }
}

async function inTime(step: Promise<unknown>, patience: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${patience} ms`)), patience);
  });
  try {
    await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}
