/** How long jobs take lately, for a guess at when a waiting one is done. Pure but for its memory. */

/** The weight of the latest job: a dozen are remembered. */
const WEIGHT = 1 / 6;

export class JobTimes {
  #seconds: number | undefined;

  add(seconds: number): void {
    this.#seconds = this.#seconds === undefined ? seconds : this.#seconds + (seconds - this.#seconds) * WEIGHT;
  }

  /** Seconds until the job in this place is done; undefined before any was finished, or while none is worked on. */
  until(position: number, encoders: number): number | undefined {
    if (this.#seconds === undefined || encoders === 0) return undefined;
    return Math.ceil(position / encoders) * this.#seconds;
  }
}
