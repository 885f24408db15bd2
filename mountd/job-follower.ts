/**
 * Follows queued jobs to their end for one call: gathers results, tells progress.
 *
 * The end of a job is an event of the workers; the queue is asked as well from time to
 * time, since a job may end without a worker (cancelled, or replaced by another).
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../src/base/error.js';
import type { AssetId } from '../src/base/ids.js';
import type { VirtualPath } from '../src/base/paths.js';
import type { AssetRow } from '../src/catalog/asset.js';
import type { CallContext } from '../src/control/handlers.js';
import type { ClipResult, Progress } from '../src/control/schema.js';
import type { FinishedJob } from '../src/generate/worker-pool.js';
import { holdOf } from '../src/jobs/hold.js';
import type { Job } from '../src/jobs/queue.js';
import type { Daemon } from './daemon.js';

interface Followed {
  readonly asset: AssetId;
  readonly profile: string;
  readonly path: VirtualPath;
  readonly masterSize: number;
  readonly frames: number | undefined;
}

const TICK_MS = 400;
/** Jobs looked up in the queue per tick. */
const LOOKUPS = 200;

export class JobFollower {
  readonly #daemon: Daemon;
  readonly #context: CallContext;
  /** By asset and profile: several proxies of one clip may be in the making. */
  readonly #pending = new Map<string, Followed>();
  readonly #done: ClipResult[] = [];
  readonly #close = new AbortController();
  #total = 0;
  /** Frames of the clips whose number is known. */
  #framesTotal = 0;
  #isTotalKnown = true;
  #framesDone = 0;
  /** The last speed known: between two clips nothing is measured, which is no standstill. */
  #pace = { fps: 0, speed: 0 };
  #wake = new AbortController();

  constructor(daemon: Daemon, context: CallContext) {
    this.#daemon = daemon;
    this.#context = context;
    daemon.production.onFinished((finished) => this.#onFinished(finished), this.#close.signal);
  }

  /** `frames`: where their number is known. */
  add(asset: AssetRow, path: VirtualPath, profile: string, frames: number | undefined): void {
    const clip = { asset: asset.id, profile, path, masterSize: Number(asset.master.size), frames };
    this.#pending.set(keyOf(asset.id, profile), clip);
    this.#total += 1;
    this.#framesTotal += frames ?? 0;
    if (frames === undefined) this.#isTotalKnown = false;
  }

  /** Rejects with `system/no-space`, `ffmpeg/missing` or `generate/paused` when none of what is left can be started. */
  async untilDone(): Promise<readonly ClipResult[]> {
    const { signal, progress } = this.#context;
    while (this.#pending.size > 0) {
      signal.throwIfAborted();
      this.#refuseWhenObstructed();
      this.#refuseWhenPaused();
      this.#askQueue();
      progress(this.#progress());
      if (this.#pending.size === 0) break;
      this.#wake = new AbortController();
      // Woken at the last clip's end, so that the call does not outlast the work.
      await sleep(TICK_MS, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => undefined);
    }
    progress(this.#progress());
    return this.#done;
  }

  close(): void {
    this.#close.abort();
  }

  #onFinished({ asset, profile, outcome }: FinishedJob): void {
    const clip = keyOf(asset, profile);
    if (outcome.kind === 'published') {
      this.#settle(clip, { outcome: 'made', proxySize: outcome.size, seconds: outcome.seconds });
    } else if (outcome.kind === 'adopted') {
      this.#settle(clip, { outcome: 'already-there', proxySize: outcome.size });
    } else if (outcome.kind === 'failed' || outcome.kind === 'ineligible') {
      this.#settle(clip, { outcome: outcome.kind, reason: outcome.reason });
    } else if (outcome.kind === 'outdated') {
      this.#settle(clip, { outcome: 'cancelled', reason: `${outcome.reason}; it is examined again` });
    }
    if (this.#pending.size === 0) this.#wake.abort();
  }

  /** The next few in turn. A job that is over without an event was ended by somebody else. */
  #askQueue(): void {
    for (const [key, clip] of [...this.#pending].slice(0, LOOKUPS)) {
      const job = this.#daemon.files.queue.latestOf(clip.asset, clip.profile);
      if (job === undefined || isOver(job)) this.#settle(key, this.#endOf(clip.asset, clip.profile, job));
      else if (this.#pending.size > LOOKUPS) {
        this.#pending.delete(key);
        this.#pending.set(key, clip);
      }
    }
  }

  #endOf(asset: AssetId, wanted: string, job: Job | undefined): Ending {
    if (job?.state === 'failed') return { outcome: 'failed', reason: job.reason ?? 'it failed' };
    if (job?.state !== 'done') return { outcome: 'cancelled', reason: job?.reason ?? 'its job was cancelled' };
    const { catalog } = this.#daemon.files;
    const variant = catalog.variantsOf(asset).find(({ profile }) => profile === wanted);
    return { outcome: 'made', proxySize: variant?.size ?? null };
  }

  #settle(key: string, ending: Ending): void {
    const clip = this.#pending.get(key);
    if (clip === undefined) return;
    this.#pending.delete(key);
    this.#framesDone += clip.frames ?? 0;
    const result = resultOf(clip, ending);
    this.#done.push(result);
    this.#context.progress({ kind: 'clip', clip: result });
  }

  #progress(): Progress {
    const running = this.#daemon.production
      .running()
      .filter(({ asset, profile }) => this.#pending.has(keyOf(asset, profile)));
    const sum = (pick: (row: (typeof running)[number]) => number) => running.reduce((all, row) => all + pick(row), 0);
    const framesDone = this.#framesDone + sum(({ frame }) => frame);
    const { production } = this.#daemon;
    const standing = production.suspended();
    const { encoders, reason: givesWayTo } = production.budget();
    // Between two clips nobody is at work for a moment, without any reason.
    const isHeldUp = encoders === 0 || (running.length > 0 && running.every(({ job }) => standing.has(job)));
    const reason = production.pausedBecause() ?? (isHeldUp ? givesWayTo : undefined) ?? null;
    const now = { fps: sum((row) => row.fps), speed: sum((row) => row.speed) };
    if (now.fps > 0) this.#pace = now;
    const { fps, speed } = this.#pace;
    const left = this.#isTotalKnown ? Math.max(0, this.#framesTotal - framesDone) : undefined;
    return {
      kind: 'generate',
      clipsDone: this.#total - this.#pending.size,
      clipsTotal: this.#total,
      framesDone,
      framesTotal: this.#framesTotal,
      fps,
      speed,
      etaSeconds: left === undefined || fps <= 0 || reason !== null ? null : left / fps,
      reason,
      current: running.map(({ path }) => path),
    };
  }

  /** Whoever paused it decides when it goes on: nobody waits for that without knowing. */
  #refuseWhenPaused(): void {
    const holds = this.#daemon.files.queue.holds();
    if (holds.length === 0) return;
    for (const { path } of this.#pending.values()) {
      if (holdOf({ path, jobClass: 'prewarm' }, holds) === undefined) return;
    }
    const { size } = this.#pending;
    const clips = size === 1 ? '1 clip stays' : `${size} clips stay`;
    const message = `the making of proxies is paused: ${clips} queued; 'proxyfs status' says since when, 'proxyfs resume' ends it`;
    throw new ProxyfsError('generate/paused', message, { details: { waiting: size } });
  }

  #refuseWhenObstructed(): void {
    const { production } = this.#daemon;
    const obstacle = production.obstacle({ waiting: this.#pending.size });
    if (obstacle !== undefined && production.running().length === 0) throw obstacle;
  }
}

type Ending = Pick<ClipResult, 'outcome'> & Partial<Pick<ClipResult, 'reason' | 'proxySize' | 'seconds'>>;

const keyOf = (asset: AssetId, profile: string): string => `${asset} ${profile}`;

function resultOf({ path, profile, masterSize }: Followed, ending: Ending): ClipResult {
  return { path, profile, masterSize, reason: null, proxySize: null, seconds: null, ...ending };
}

function isOver({ state }: Job): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}
