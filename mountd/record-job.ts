/** Jobs and storage, in the terms of the journal and of the log. */

import type { VirtualPath } from '../src/base/paths.js';
import type { Enqueued } from '../src/generate/enqueue.js';
import type { FinishedJob } from '../src/generate/worker-pool.js';
import type { Job } from '../src/jobs/queue.js';
import type { NewEvent } from '../src/journal/event.js';
import type { Logger } from '../src/log/logger.js';
import type { OfflineNews } from '../src/scan/offline.js';
import type { ProfileOf } from '../src/view/profile-choice.js';

export function eventOfStarted({ asset, attempts, poolKey, profile }: Job, path: VirtualPath): NewEvent {
  return { kind: 'started', path, asset, facts: { profile, poolKey, attempt: attempts } };
}

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
    case 'replaced':
    case 'no-space':
    case 'no-ffmpeg':
      return { ...about, kind: 'retried', facts: { profile, reason: outcome.reason } };
    case 'ineligible':
    case 'outdated':
      return { ...about, kind: 'dropped', facts: { profile, reason: outcome.reason } };
    case 'interrupted':
      return { ...about, kind: 'interrupted', facts: { profile } };
  }
}

/** Those whose proxies the pool had already: no job of theirs says so. */
export function eventsOfAdopted(answers: readonly Enqueued[], profileOf: ProfileOf): readonly NewEvent[] {
  return answers.flatMap((answer): NewEvent[] => {
    if (answer.kind !== 'adopted') return [];
    const { asset, path, proxySize: size } = answer;
    return [{ kind: 'adopted', path, asset: asset.id, facts: { profile: profileOf(asset.paths), size } }];
  });
}

export function eventOfOffline({ kind, place: { names, path, reason } }: OfflineNews): NewEvent {
  return kind === 'offline' ? { kind, path, facts: { names, reason } } : { kind, path, facts: { names } };
}

/** Quietly: the journal has every job, and who settles one says what failed. */
export function logFinished(log: Logger, { path, outcome }: FinishedJob): void {
  log.debug({ path, ...outcome }, 'a job ended');
}
