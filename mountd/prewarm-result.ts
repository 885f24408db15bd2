/**
 * What a prewarm answers: counts of everything, and the clips that have something to tell. Of what
 * is only queued, or was there already, a hundred thousand lines would hold up the daemon.
 */

import type { ClipResult, Result } from '../src/control/schema.js';

/** How many of those that have nothing to tell are listed. */
const LISTED = 1000;

export function prewarmResult(clips: readonly ClipResult[]): Omit<Result<'prewarm'>, 'read'> {
  const counts = { made: 0, failed: 0, ineligible: 0, 'already-there': 0, queued: 0, cancelled: 0 };
  const listed: ClipResult[] = [];
  for (const clip of clips) {
    counts[clip.outcome] += 1;
    const isPlain = clip.outcome === 'queued' || clip.outcome === 'already-there';
    if (!isPlain || counts[clip.outcome] <= LISTED) listed.push(clip);
  }
  const { made, failed, ineligible, queued } = counts;
  return { clips: listed.sort(byPath), made, failed, ineligible, alreadyThere: counts['already-there'], queued };
}

function byPath(a: ClipResult, b: ClipResult): number {
  return a.path < b.path ? -1 : 1;
}
