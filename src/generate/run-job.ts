/**
 * One leased job from beginning to end: from the asset as it is now to a recorded outcome;
 * with it, in the same pass, what else is waiting for the same clip.
 *
 * Promises: when it returns, the lease is settled (completed, failed, released or lost)
 * and catalog and queue agree. The job in the queue is a wish, not a fact: the plan is
 * made anew, so a job of yesterday's recipe or of a master that changed makes nothing.
 */

import { ProxyfsError } from '../base/error.js';
import { realPathOf, type VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import type { Job, Lease } from '../jobs/queue.js';
import { sharesInput } from '../profiles/command.js';
import { adoptPublished } from './adopt-published.js';
import type { Companion, Companions } from './companions.js';
import { isStoppedForSpace } from './disk-room.js';
import { isOutOfSpace } from './failure.js';
import type { Generation } from './generation.js';
import { type MakeOutcome, makeProxies } from './make-proxy.js';
import { findMaster, isReachable } from './master.js';
import { masterFault } from './master-fault.js';
import { whileMasterStays } from './master-watch.js';
import { framesOf, type MakePlan, planProxy } from './plan.js';
import { isFfmpegReplaced, REPLACED_FFMPEG } from './replaced-ffmpeg.js';
import { removeSegments } from './segmented.js';
import {
  CHANGED,
  drop,
  isLeaseLost,
  type JobOutcome,
  type Judged,
  makeAnew,
  recordOutcome,
  setAside,
  settleFailure,
  settleLease,
} from './settle-job.js';

export interface JobObserver {
  readonly signal: AbortSignal;
  readonly onStart: (path: VirtualPath, frames: number | undefined) => void;
  readonly onProgress: (progress: EncodeProgress) => void;
  /** The lease as last renewed. */
  readonly lease: () => Lease;
  readonly companions: Companions;
  /** Another job of the same clip was made in the same pass. */
  readonly onCompanion: (job: Job, outcome: JobOutcome) => void;
}

export async function runJob(project: Generation, observer: JobObserver): Promise<JobOutcome> {
  const generation = { ...project, profile: observer.lease().job.profile };
  const asset = generation.catalog.get(observer.lease().job.asset);
  try {
    return await work(generation, observer, asset);
  } catch (error) {
    if (observer.signal.aborted || isLeaseLost(error)) return settleError(generation, observer, error);
    if (await isFfmpegReplaced(generation)) return makeAnew(generation, observer.lease(), REPLACED_FFMPEG);
    if (await isMasterAway(generation, observer.lease())) return dropAway(generation, observer.lease(), error);
    const moved = asset && (await ifMoved(generation, observer, asset));
    if (moved !== undefined) return moved;
    // Stopped for want of its master, which is there again: no failure of the clip either.
    if (isStopped(error)) return makeAnew(generation, observer.lease(), 'its file was away while its proxy was made');
    return settleError(generation, observer, await withMasterFault(generation, observer.lease(), error));
  }
}

/** What fails since its master was renamed, replaced or removed meanwhile is no failure of the clip. */
async function ifMoved(
  generation: Generation,
  observer: JobObserver,
  asset: AssetRow,
): Promise<JobOutcome | undefined> {
  const [path] = asset.paths;
  // Storage that does not answer is judged as such.
  const now = path && (await findMaster(generation, asset, path).catch(() => path));
  if (now === path) return undefined;
  if (now === undefined) return drop(generation, observer.lease(), CHANGED);
  return makeAnew(generation, observer.lease(), 'its file was moved while its proxy was made');
}

const isStopped = (error: unknown): boolean => error instanceof ProxyfsError && error.code === 'job/cancelled';

/** The drive of the master went away meanwhile: no failure of the clip. */
async function isMasterAway({ catalog, source }: Generation, { job }: Lease): Promise<boolean> {
  const path = catalog.get(job.asset)?.paths[0];
  return path !== undefined && !(await isReachable(realPathOf(source, path)));
}

/** What a dying drive does to FFmpeg is said of the drive. */
async function withMasterFault({ catalog, source }: Generation, { job }: Lease, error: unknown): Promise<unknown> {
  const path = catalog.get(job.asset)?.paths[0];
  const fault = path === undefined ? undefined : await masterFault(source, path, error);
  return fault === undefined ? error : new ProxyfsError('source/failing', fault, { cause: error });
}

/** When it is back, a scan asks for it again. */
function dropAway(generation: Generation, lease: Lease, error: unknown): JobOutcome {
  generation.log.info({ job: lease.job.id, err: error }, 'the master cannot be reached: its proxy waits for it');
  return settleLease(() => drop(generation, lease, 'its file cannot be reached'));
}

async function work(generation: Generation, observer: JobObserver, asset: AssetRow | undefined): Promise<JobOutcome> {
  const { queue, profile } = generation;
  const { job } = observer.lease();
  const path = asset?.paths[0];
  if (asset === undefined || path === undefined) return drop(generation, observer.lease(), 'the file is gone');
  observer.onStart(path, asset.media === undefined ? undefined : framesOf(asset.media));
  const plan = planProxy(asset, profile, generation);
  if (plan.kind === 'not-ready') return drop(generation, observer.lease(), plan.reason);
  if (plan.kind === 'refused') {
    queue.cancel([job.id]);
    return { kind: 'ineligible', code: plan.code, reason: plan.reason };
  }
  if (plan.poolKey !== job.poolKey) return replaceJob(generation, observer, plan);
  const adopted = await adoptPublished(generation, asset, plan);
  if (adopted !== undefined) {
    queue.complete(observer.lease());
    return { kind: 'adopted', size: adopted.size };
  }
  const refusal = await generation.refuse?.(job);
  if (refusal !== undefined) return setAside(generation, observer.lease(), plan, refusal);
  return await make(generation, observer, { asset, path, plan, profile });
}

interface Wanted {
  readonly asset: AssetRow;
  readonly path: VirtualPath;
  readonly plan: MakePlan;
  readonly profile: string;
}

async function make(generation: Generation, observer: JobObserver, wanted: Wanted): Promise<JobOutcome> {
  const { clock } = generation;
  const started = clock.now();
  const joined = await joinOthers(generation, observer, wanted);
  const watched = { ...wanted, signal: observer.signal };
  const all = whileMasterStays(generation, watched, (signal) =>
    makeAll(generation, { ...observer, signal }, wanted, joined),
  );
  const [own, ...others] = await all.catch(async (error: unknown) => {
    // What was interrupted goes on at its segments; what was cancelled does not go on, nor does what two builds made.
    const isCancelled = generation.queue.get(observer.lease().job.id)?.state === 'cancelled';
    const isOver = (observer.signal.aborted && isCancelled) || (await isFfmpegReplaced(generation));
    if (isOver) await removeSegments(generation, wanted.plan);
    throw error;
  });
  const seconds = (clock.now() - started) / 1000;
  for (const [index, other] of joined.entries()) {
    const outcome = others[index];
    if (outcome !== undefined) recordOther(generation, observer, { ...other, asset: wanted.asset, outcome, seconds });
  }
  if (own === undefined || own.kind === 'failed') throw own?.error ?? new Error('a product without an outcome');
  return recordOutcome(generation, observer.lease(), { ...wanted, outcome: own, seconds });
}

/** A pass that fails as a whole is no evidence against any one of its proxies: this one is tried by itself. */
async function makeAll(
  generation: Generation,
  observer: JobObserver,
  wanted: Wanted,
  joined: readonly Joined[],
): Promise<readonly MakeOutcome[]> {
  const options = { ...observer, isFirstAttempt: observer.lease().job.attempts <= 1 };
  try {
    return await makeProxies(generation, wanted, [wanted, ...joined], options);
  } catch (error) {
    if (joined.length === 0 || observer.signal.aborted || isOutOfSpace(error)) throw error;
    generation.log.warn({ err: error, path: wanted.path }, 'several proxies in one pass failed: one is made at a time');
    for (const { companion } of joined) observer.companions.release(companion);
    return await makeProxies(generation, wanted, [wanted], options);
  }
}

interface Joined {
  readonly companion: Companion;
  readonly plan: MakePlan;
  readonly profile: string;
}

/** What else waits for this clip and can come out of the same decode; the rest goes back into the queue. */
async function joinOthers(generation: Generation, observer: JobObserver, { asset, plan }: Wanted): Promise<Joined[]> {
  const joined: Joined[] = [];
  for (const companion of observer.companions.join(observer.lease())) {
    const { profile, poolKey } = companion.lease().job;
    const other = planProxy(asset, profile, generation);
    const fits = other.kind === 'make' && other.poolKey === poolKey && sharesInput(other.recipe, plan.recipe);
    const isThere = fits && (await adoptPublished({ ...generation, profile }, asset, other)) !== undefined;
    if (fits && !isThere) joined.push({ companion, plan: other, profile });
    else observer.companions.release(companion);
  }
  return joined;
}

function recordOther(
  project: Generation,
  { companions, onCompanion }: JobObserver,
  judged: Judged & { readonly companion: Companion; readonly outcome: MakeOutcome },
): void {
  const { companion, outcome, profile } = judged;
  const lease = companion.lease();
  const generation = { ...project, profile };
  companions.settled(companion);
  try {
    const isFailed = outcome.kind === 'failed';
    const ended = isFailed
      ? settleFailure(generation, lease, outcome.error)
      : recordOutcome(generation, lease, { ...judged, outcome });
    onCompanion(lease.job, ended);
  } catch (error) {
    if (!isLeaseLost(error)) throw error;
    onCompanion(lease.job, { kind: 'interrupted' });
  }
}

/** The file, the recipe or FFmpeg changed since the job was queued. */
function replaceJob({ queue }: Generation, observer: JobObserver, plan: MakePlan): JobOutcome {
  const { id, asset, path, profile, jobClass } = observer.lease().job;
  queue.cancel([id]);
  queue.enqueue([{ asset, path, profile, jobClass, poolKey: plan.poolKey }]);
  return { kind: 'replaced', reason: 'its file or its recipe changed since it was queued' };
}

function settleError(generation: Generation, observer: JobObserver, error: unknown): JobOutcome {
  if (isLeaseLost(error)) return { kind: 'interrupted' };
  return settleLease(() => {
    if (!observer.signal.aborted) return settleFailure(generation, observer.lease(), error);
    const isForSpace = isStoppedForSpace(observer.signal);
    // What is smaller may fit.
    generation.queue.release(observer.lease(), { last: isForSpace });
    return isForSpace
      ? { kind: 'no-space', reason: (observer.signal.reason as Error).message }
      : { kind: 'interrupted' };
  });
}
