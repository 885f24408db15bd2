/**
 * What a prewarm answers: counts of everything, and the clips that have something to tell. Of what
 * is only queued, or was there already, a hundred thousand lines would hold up the daemon.
 */

import type { ClipResult, Result } from '../src/control/schema.js';

/** How many of those that have nothing to tell are listed. */
const LISTED = 1000;

/** Takes one clip after the other: those that are not listed are not kept. */
export class PrewarmTally {
  readonly #counts = { made: 0, failed: 0, ineligible: 0, 'already-there': 0, queued: 0, cancelled: 0 };
  readonly #listed: ClipResult[] = [];

  add(clip: ClipResult): void {
    this.#counts[clip.outcome] += 1;
    const isPlain = clip.outcome === 'queued' || clip.outcome === 'already-there';
    if (!isPlain || this.#counts[clip.outcome] <= LISTED) this.#listed.push(clip);
  }

  /** One that is queued: its description is made where it is listed. */
  addQueued(describe: () => ClipResult): void {
    if (this.#counts.queued < LISTED) this.add(describe());
    else this.#counts.queued += 1;
  }

  result(): Omit<Result<'prewarm'>, 'read'> {
    const { made, failed, ineligible, queued, 'already-there': alreadyThere } = this.#counts;
    return { clips: this.#listed.toSorted(byPath), made, failed, ineligible, alreadyThere, queued };
  }
}

function byPath(a: ClipResult, b: ClipResult): number {
  return a.path < b.path ? -1 : 1;
}
