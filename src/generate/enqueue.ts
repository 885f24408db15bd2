/**
 * Sees to it that assets get their proxies: takes what the pool already has, queues
 * the rest. Promises one answer per asset, in order. An encode is never started here.
 */

import { stat } from 'node:fs/promises';
import type { PoolKey } from '../base/ids.js';
import { invariant } from '../base/invariant.js';
import type { VirtualPath } from '../base/paths.js';
import { Slices } from '../base/slices.js';
import type { AssetRow } from '../catalog/asset.js';
import type { VariantRow } from '../catalog/catalog.js';
import type { JobClass } from '../jobs/job-class.js';
import type { Job, JobRequest } from '../jobs/queue.js';
import { adoptPublished } from './adopt-published.js';
import { countFrames, isUncounted } from './count-frames.js';
import { currentVariant, isSameMaster } from './current-variant.js';
import type { Generation } from './generation.js';
import { nameProxy, type PlanName } from './plan.js';

export interface EnqueueOptions {
  readonly jobClass: JobClass;
  /** Also those that failed before. */
  readonly retryFailed?: boolean | undefined;
  /** In the order of the assets, also those that wait already. */
  readonly inTurn?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The profile of each asset; without it that of the project. */
  readonly profileOf?: ((paths: readonly VirtualPath[]) => string) | undefined;
  /** For many assets: false where the pool is known to have nothing. What is published meanwhile the job finds. */
  readonly mayBePublished?: ((key: PoolKey) => boolean) | undefined;
}

export type Enqueued = { readonly asset: AssetRow; readonly path: VirtualPath } & (
  | { readonly kind: 'already-there'; readonly proxySize: number }
  /** Was in the pool; the view has to look again. */
  | { readonly kind: 'adopted'; readonly proxySize: number }
  /** `hadProxy`: it is recorded with one, which is lost or outdated. */
  | { readonly kind: 'queued'; readonly job: Job; readonly profile: string; readonly hadProxy: boolean }
  | { readonly kind: 'failed'; readonly job: Job; readonly reason: string }
  | { readonly kind: 'ineligible'; readonly code: string; readonly reason: string }
  | { readonly kind: 'not-ready'; readonly reason: string }
);

/** Assets per transaction. */
const BATCH = 250;

export async function enqueueMissing(
  generation: Generation,
  assets: readonly AssetRow[],
  options: EnqueueOptions,
): Promise<readonly Enqueued[]> {
  const answers: Enqueued[] = [];
  const slices = new Slices();
  for (let at = 0; at < assets.length; at += BATCH) {
    await slices.rest(options.signal);
    answers.push(...(await enqueueBatch(generation, assets.slice(at, at + BATCH), options)));
  }
  return answers;
}

async function enqueueBatch(
  generation: Generation,
  assets: readonly AssetRow[],
  options: EnqueueOptions,
): Promise<readonly Enqueued[]> {
  const settled: (Enqueued | ToQueue)[] = [];
  const slices = new Slices();
  const { profileOf = () => generation.profile } = options;
  const generationOf = remember((profile: string) => ({ ...generation, profile }));
  const variants = generation.catalog.variantsOfAll(assets.map(({ id }) => id));
  for (const asset of assets) {
    if (slices.isUsedUp) await slices.rest(options.signal);
    const counted = isUncounted(asset) ? await countFrames(generation, asset, options.signal) : asset;
    const chosen = generationOf(profileOf(asset.paths));
    settled.push(await settleOne(chosen, counted, variants.get(asset.id) ?? [], options));
  }
  const requests = settled.filter((answer) => 'request' in answer).map(({ request }) => request);
  const jobs = generation.queue.enqueue(requests, {
    retryFailed: options.retryFailed ?? false,
    inTurn: options.inTurn ?? false,
  });
  let next = 0;
  return settled.map((answer) => ('request' in answer ? answerOf(answer, jobs[next++]) : answer));
}

function remember<V>(make: (key: string) => V): (key: string) => V {
  const made = new Map<string, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

interface ToQueue {
  readonly asset: AssetRow;
  readonly path: VirtualPath;
  readonly request: JobRequest;
  readonly hadProxy: boolean;
}

async function settleOne(
  generation: Generation,
  asset: AssetRow,
  variants: readonly VariantRow[],
  options: EnqueueOptions,
): Promise<Enqueued | ToQueue> {
  const { catalog, profile } = generation;
  const { mayBePublished = () => true } = options;
  const named = { asset, path: asset.paths[0] ?? ('' as VirtualPath) };
  const plan = nameProxy(asset, profile, generation);
  if (plan.kind === 'refused') return { ...named, kind: 'ineligible', code: plan.code, reason: plan.reason };
  if (plan.kind === 'not-ready') return { ...named, kind: 'not-ready', reason: plan.reason };
  const variant = variants.find((row) => row.profile === profile);
  // Nothing is awaited for an asset of which nothing is known: most of a new project's are such.
  const isKnown = variant !== undefined || mayBePublished(plan.poolKey);
  const there = isKnown ? await publishedVariant(generation, asset, plan) : undefined;
  if (there !== undefined) return { ...named, ...there };
  if (options.retryFailed) catalog.clearFailure(asset.id, profile);
  return {
    ...named,
    hadProxy: variant !== undefined,
    request: { asset: asset.id, path: named.path, poolKey: plan.poolKey, profile, jobClass: options.jobClass },
  };
}

async function publishedVariant(generation: Generation, asset: AssetRow, plan: PlanName) {
  const recorded = currentVariant(generation.catalog, asset, plan.poolKey);
  const there = await findPublished(generation, asset, plan);
  if (there !== undefined) return { kind: 'already-there', proxySize: there.size } as const;
  const adopted = await adoptPublished(generation, asset, plan);
  if (adopted !== undefined) return { kind: 'adopted', proxySize: adopted.size } as const;
  const earlier = await madeByAnotherFfmpeg(generation, asset, plan);
  if (earlier !== undefined) return { kind: 'already-there', proxySize: earlier.size } as const;
  if (recorded !== undefined) generation.catalog.dropVariant(asset.id, generation.profile);
  return undefined;
}

/** What is recorded for this plan, while the pool still has it: somebody may have cleaned up. */
export async function findPublished(
  { catalog, pool }: Generation,
  asset: AssetRow,
  { poolKey }: Pick<PlanName, 'poolKey'>,
): Promise<VariantRow | undefined> {
  const variant = currentVariant(catalog, asset, poolKey);
  if (variant === undefined) return undefined;
  const file = await stat(pool.fileOf(variant.poolKey, variant.extension)).catch(() => undefined);
  return file?.size === variant.size ? variant : undefined;
}

/** The same recipe for the same master: an update of FFmpeg is no reason to encode everything again. */
export async function madeByAnotherFfmpeg(
  { catalog, pool, profile }: Generation,
  asset: AssetRow,
  { recipeHash }: Pick<PlanName, 'recipeHash'>,
) {
  const variant = catalog.variantsOf(asset.id).find((row) => row.profile === profile);
  if (variant === undefined || !isSameMaster(variant.guard, asset.master)) return undefined;
  const manifest = await pool.find(variant.poolKey);
  return manifest?.recipeHash === recipeHash && manifest.validation.ok ? variant : undefined;
}

function answerOf({ asset, path, hadProxy }: ToQueue, job: Job | undefined): Enqueued {
  invariant(job !== undefined, 'the queue answers every request');
  if (job.state === 'cancelled')
    return { asset, path, kind: 'not-ready', reason: job.reason ?? 'its job was cancelled' };
  if (job.state !== 'failed') return { asset, path, kind: 'queued', job, profile: job.profile, hadProxy };
  return { asset, path, kind: 'failed', job, reason: job.reason ?? 'it failed before' };
}
