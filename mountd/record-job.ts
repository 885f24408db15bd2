/** The end of a job in the journal's terms. */

import type { FinishedJob } from '../src/generate/worker-pool.js';
import type { NewEvent } from '../src/journal/event.js';

export function eventOfFinished({ asset, path, profile, outcome }: FinishedJob): NewEvent {
  const about = { path, asset };
  switch (outcome.kind) {
    case 'published':
      return { ...about, kind: 'published', facts: { profile, size: outcome.size, seconds: outcome.seconds } };
    case 'adopted':
      return { ...about, kind: 'adopted', facts: { profile, size: outcome.size } };
    case 'failed':
      return { ...about, kind: outcome.rejected ? 'rejected' : 'failed', facts: { profile, reason: outcome.reason } };
    case 'retry':
    case 'no-space':
      return { ...about, kind: 'retried', facts: { profile, reason: outcome.reason } };
    case 'ineligible':
    case 'outdated':
      return { ...about, kind: 'dropped', facts: { profile, reason: outcome.reason } };
    case 'interrupted':
      return { ...about, kind: 'interrupted', facts: { profile } };
  }
}
