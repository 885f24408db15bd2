/**
 * What would be made for these assets, and why not for the others. Changes nothing: no job,
 * no record, no file. What has to be counted first is not counted for this.
 */

import type { AssetRow } from '../catalog/asset.js';
import { findPublished, madeByAnotherFfmpeg } from './enqueue.js';
import type { Generation } from './generation.js';
import { framesOf, type MakePlan, planProxy } from './plan.js';

export type Preview = { readonly asset: AssetRow; readonly profile: string } & (
  | { readonly kind: 'make' | 'waiting' | 'running'; readonly plan: MakePlan; readonly frames: number }
  | { readonly kind: 'ready'; readonly proxySize: number }
  | { readonly kind: 'failed' | 'ineligible' | 'not-ready'; readonly reason: string }
);

export async function previewProxy(
  project: Generation,
  asset: AssetRow,
  profile: string,
  { retryFailed }: { readonly retryFailed: boolean },
): Promise<Preview> {
  const generation = { ...project, profile };
  const plan = planProxy(asset, profile, generation);
  if (plan.kind === 'refused') return { asset, profile, kind: 'ineligible', reason: plan.reason };
  if (plan.kind === 'not-ready') return { asset, profile, kind: 'not-ready', reason: plan.reason };
  const proxySize = await sizeOfPublished(generation, asset, plan);
  if (proxySize !== undefined) return { asset, profile, kind: 'ready', proxySize };
  const job = generation.queue.latestOf(asset.id, profile);
  const isSame = job?.poolKey === plan.poolKey;
  if (isSame && job.state === 'failed' && !retryFailed) {
    return { asset, profile, kind: 'failed', reason: job.reason ?? 'it failed before' };
  }
  const isQueued = isSame && (job.state === 'waiting' || job.state === 'running');
  return {
    asset,
    profile,
    kind: isQueued ? (job.state as 'waiting' | 'running') : 'make',
    plan,
    frames: framesOf(plan.media) ?? 0,
  };
}

async function sizeOfPublished(generation: Generation, asset: AssetRow, plan: MakePlan): Promise<number | undefined> {
  const recorded = await findPublished(generation, asset, plan);
  if (recorded !== undefined) return recorded.size;
  const manifest = await generation.pool.find(plan.poolKey);
  if (manifest?.validation.ok === true) return manifest.output.size;
  return (await madeByAnotherFfmpeg(generation, asset, { recipeHash: plan.recipe.hash }))?.size;
}
