/**
 * Holds the programs of one job up and lets them go on, with SIGSTOP and SIGCONT.
 *
 * Promises: whatever is started while the pace is suspended is stopped from its first moment.
 * A stopped process does not outlive the daemon: only programs that die with their parent are
 * taken in (`launcher.ts`). Any number of programs, one after another or at once.
 */

export class Pace {
  #isSuspended = false;
  readonly #signals = new Set<(signal: NodeJS.Signals) => void>();

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  suspend(): void {
    this.#turn(true);
  }

  resume(): void {
    this.#turn(false);
  }

  /** Returns what takes the program out again; to be called when it has ended. */
  take(signal: (signal: NodeJS.Signals) => void): () => void {
    this.#signals.add(signal);
    if (this.#isSuspended) signal('SIGSTOP');
    return () => this.#signals.delete(signal);
  }

  #turn(suspended: boolean): void {
    if (this.#isSuspended === suspended) return;
    this.#isSuspended = suspended;
    for (const signal of this.#signals) signal(suspended ? 'SIGSTOP' : 'SIGCONT');
  }
}
