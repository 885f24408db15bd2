/**
 * What becomes of a leased job: its lease is settled in the queue, and catalog and queue agree.
 * A failure is logged here, once; the journal has every job.
 */

import { ProxyfsError } from '../base/error.js';
import type { AssetRow } from '../catalog/asset.js';
import type { Lease } from '../jobs/queue.js';
import { isOutOfSpace, judgeFailure } from './failure.js';
import type { Generation } from './generation.js';
import type { MakeOutcome } from './make-proxy.js';
import { plainReason } from './plain-reason.js';
import { type MakePlan, planProxy } from './plan.js';
import { REPLACED_FFMPEG } from './replaced-ffmpeg.js';

export type JobOutcome =
  | { readonly kind: 'published'; readonly size: number; readonly seconds: number }
  /** The pool had it already. */
  | { readonly kind: 'adopted'; readonly size: number }
  /** Failed for good: rejected by validation, or by FFmpeg. */
  | { readonly kind: 'failed'; readonly reason: string; readonly rejected: boolean }
  /** Waits in the queue again after a failure that may pass. */
  | { readonly kind: 'retry'; readonly reason: string }
  /** Another job took its place in the queue, or it waits there itself, for a master or an FFmpeg in a new place. */
  | { readonly kind: 'replaced'; readonly reason: string }
  /** Given back to the queue, however often it was tried: the pool's disk is full. */
  | { readonly kind: 'no-space'; readonly reason: string }
  /** Given back to the queue in the same way: FFmpeg cannot be started. */
  | { readonly kind: 'no-ffmpeg'; readonly reason: string }
  | { readonly kind: 'ineligible'; readonly code: string; readonly reason: string }
  /** The master changed, moved away or was replaced: it has to be scanned again. */
  | { readonly kind: 'outdated'; readonly reason: string }
  /** Given back because the daemon stops, or taken away because the job was cancelled. */
  | { readonly kind: 'interrupted' };

export interface Judged {
  readonly asset: AssetRow;
  readonly plan: MakePlan;
  readonly profile: string;
  readonly seconds: number;
}

export const CHANGED = 'the file changed while its proxy was made';

export function recordOutcome(
  generation: Generation,
  lease: Lease,
  {
    asset,
    plan,
    profile,
    outcome,
    seconds,
  }: Judged & { readonly outcome: Exclude<MakeOutcome, { readonly kind: 'failed' }> },
): JobOutcome {
  const { catalog, queue } = generation;
  switch (outcome.kind) {
    case 'published':
      queue.complete(lease);
      return { kind: 'published', size: outcome.variant.size, seconds };
    case 'rejected': {
      const [path] = asset.paths;
      const reason = plainReason(outcome.reason, generation, path);
      generation.log.warn({ job: lease.job.id, path, profile, reason }, 'a finished proxy was rejected');
      queue.fail(lease, `rejected: ${reason}`, { retry: false });
      catalog.recordFailure({ asset: asset.id, profile, recipeHash: plan.recipe.hash, reason, rejected: true });
      return { kind: 'failed', reason, rejected: true };
    }
    case 'master-changed':
      return drop(generation, lease, CHANGED);
    case 'ffmpeg-replaced':
      return makeAnew(generation, lease, REPLACED_FFMPEG);
  }
}

/** What the job asked for no longer exists; a scan decides what is wanted instead. */
export function drop({ queue }: Generation, lease: Lease, reason: string): JobOutcome {
  queue.cancel([lease.job.id]);
  return { kind: 'outdated', reason };
}

/** It costs no attempt; when its turn comes, it is planned for what is there then. */
export function makeAnew({ queue }: Pick<Generation, 'queue'>, lease: Lease, reason: string): JobOutcome {
  return settleLease(() => {
    queue.release(lease);
    return { kind: 'replaced', reason };
  });
}

/** It would hold up all that waits behind it. */
export function setAside(
  { catalog, log, profile, queue }: Generation,
  lease: Lease,
  plan: MakePlan,
  reason: string,
): JobOutcome {
  queue.fail(lease, reason, { retry: false });
  log.warn({ job: lease.job.id, path: lease.job.path, profile, reason }, 'a clip was set aside');
  catalog.recordFailure({ asset: lease.job.asset, profile, recipeHash: plan.recipe.hash, reason, rejected: false });
  return { kind: 'failed', reason, rejected: false };
}

export function settleLease(settle: () => JobOutcome): JobOutcome {
  try {
    return settle();
  } catch (late) {
    // Cancelled meanwhile: there is nothing to fail or to give back.
    if (!isLeaseLost(late)) throw late;
    return { kind: 'interrupted' };
  }
}

export function settleFailure(generation: Generation, lease: Lease, error: unknown): JobOutcome {
  const { catalog, queue, profile, log } = generation;
  const { passing, ...failure } = judgeFailure(error, lease.job.attempts);
  const path = catalog.get(lease.job.asset)?.paths[0];
  const reason = plainReason(failure.reason, generation, path);
  if (isOutOfSpace(error)) {
    queue.release(lease);
    log.warn({ job: lease.job.id, path, err: error }, 'the disk of the pool is full: the job waits for space');
    return { kind: 'no-space', reason };
  }
  if (error instanceof ProxyfsError && error.code === 'ffmpeg/missing') {
    queue.release(lease);
    return { kind: 'no-ffmpeg', reason };
  }
  const job = queue.fail(lease, reason, { retry: passing });
  log.warn({ job: job.id, path, profile, state: job.state, err: error }, 'a proxy could not be made');
  if (job.state === 'waiting') return { kind: 'retry', reason };
  const asset = catalog.get(job.asset);
  const plan = asset === undefined ? undefined : planProxy(asset, profile, generation);
  if (plan?.kind === 'make') {
    catalog.recordFailure({ asset: job.asset, profile, recipeHash: plan.recipe.hash, reason, rejected: false });
  }
  return { kind: 'failed', reason, rejected: false };
}

export const isLeaseLost = (error: unknown): boolean =>
  error instanceof ProxyfsError && error.code === 'job/lease-lost';
