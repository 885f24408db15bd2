/** What is in the way of a proxy that is not there, in a few words. */

import type { AssetId } from '../src/base/ids.js';
import type { CacheBook } from '../src/catalog/cache-book.js';
import type { Job, JobQueue } from '../src/jobs/queue.js';

export function pendingReason(queue: JobQueue, book: CacheBook): (id: AssetId, profile: string) => string | undefined {
  return (id, profile) => {
    const job = queue.latestOf(id, profile);
    return (job && describeJob(job)) ?? removalOf(book, id, profile);
  };
}

function removalOf(book: CacheBook, id: AssetId, profile: string): string | undefined {
  const eviction = book.evictionOf(id, profile);
  if (eviction === undefined) return undefined;
  return `it was removed, since ${eviction.reason}; opening the file or a prewarm makes it again`;
}

function describeJob(job: Job): string | undefined {
  if (job.state === 'waiting')
    return job.reason === undefined ? 'waiting in the queue' : `tried again after: ${job.reason}`;
  if (job.state === 'running') return 'being made now';
  if (job.state === 'failed') return `failed: ${job.reason ?? 'for an unknown reason'}`;
  // Without a reason it was no longer wanted; a scan has decided anew.
  return job.state === 'cancelled' ? job.reason : undefined;
}
