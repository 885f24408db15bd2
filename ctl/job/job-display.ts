/** A running job on standard error: a bar on a terminal, else nothing, since standard output is the result's. */

import type { Progress } from '../../src/control/schema.js';
import type { JobEvent, JobListener } from '../../src/jobspec/events.js';
import type { Terminal } from '../terminal.js';

export interface JobDisplay {
  readonly listen: JobListener;
  /** Before anything runs: so many sources have been looked at. */
  readonly checked: (done: number, total: number) => void;
  /** Takes the bar away; the terminal is as it was. */
  end(): void;
}

const SILENT: JobDisplay = { listen: () => undefined, checked: () => undefined, end: () => undefined };

export async function jobDisplay(terminal: Terminal): Promise<JobDisplay> {
  if (!terminal.interactiveErrors) return SILENT;
  const { barDisplay } = await import('../progress/prewarm-display.js');
  const bar = await barDisplay({ ...terminal, stdout: terminal.stderr });
  const tally = new Tally();
  return {
    listen: (event) => {
      const progress = tally.take(event);
      if (progress !== undefined) bar.show(progress);
    },
    checked: (done, total) => bar.show({ kind: 'scan', found: total, probed: done, total }),
    end: () => bar.end(),
  };
}

interface Running {
  readonly name: string;
  readonly frame: number;
  readonly fps: number;
  readonly speed: number;
}

/** Adds up what the events of a job say. */
class Tally {
  #clips = 0;
  #frames = 0;
  #clipsDone = 0;
  #framesDone = 0;
  readonly #running = new Map<number, Running>();

  take(event: JobEvent): Progress | undefined {
    switch (event.event) {
      case 'job-started':
        [this.#clips, this.#frames] = [event.clips, event.frames];
        return this.#progress();
      case 'clip-started': {
        const name = event.source.slice(event.source.lastIndexOf('/') + 1);
        this.#running.set(event.index, { name, frame: 0, fps: 0, speed: 0 });
        return this.#progress();
      }
      case 'clip-progress': {
        const running = this.#running.get(event.index);
        const { frame, fps, speed } = event;
        if (running !== undefined) this.#running.set(event.index, { ...running, frame, fps, speed });
        return this.#progress();
      }
      case 'clip-finished':
        this.#running.delete(event.index);
        this.#clipsDone += 1;
        this.#framesDone += event.clip.frames ?? 0;
        return this.#progress();
      default:
        return undefined;
    }
  }

  #progress(): Progress {
    const running = [...this.#running.values()];
    const sum = (value: (clip: Running) => number) => running.reduce((total, clip) => total + value(clip), 0);
    const [fps, framesDone] = [sum((clip) => clip.fps), this.#framesDone + sum((clip) => clip.frame)];
    return {
      kind: 'generate',
      reason: null,
      ...{ clipsDone: this.#clipsDone, clipsTotal: this.#clips, framesDone, framesTotal: this.#frames },
      ...{ fps, speed: sum((clip) => clip.speed) },
      etaSeconds: fps > 0 ? Math.max(0, this.#frames - framesDone) / fps : null,
      current: running.map(({ name }) => name),
    };
  }
}
