/** What has to be undone, in reverse order; a step that fails does not keep the next from being taken. */

import type { Logger } from '../src/log/logger.js';

interface Step {
  readonly name: string;
  readonly undo: () => unknown;
}

/** A step that hangs must not keep a daemon alive for ever. */
const STEP_TIMEOUT_MS = 15_000;

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

  async run(): Promise<void> {
    const steps = this.#steps.reverse();
    this.#steps = [];
    for (const { name, undo } of steps) {
      try {
        await inTime(Promise.resolve(undo()));
      } catch (error) {
        this.#log?.error({ err: error, step: name }, 'a part of the daemon did not end as it should');
      }
    }
  }
}

async function inTime(step: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${STEP_TIMEOUT_MS} ms`)), STEP_TIMEOUT_MS);
  });
  try {
    await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}
