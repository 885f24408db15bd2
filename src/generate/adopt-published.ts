/** Takes a proxy that is already in the pool instead of encoding it again. */

import type { AssetRow } from '../catalog/asset.js';
import type { VariantRow } from '../catalog/catalog.js';
import type { Generation } from './generation.js';
import type { PlanName } from './plan.js';

/**
 * Records the published proxy of the plan's key for the asset, if there is one: made by
 * another project, another workstation, or by a run that died before it could record it.
 */
export async function adoptPublished(
  { pool, catalog, profile }: Generation,
  asset: AssetRow,
  plan: Pick<PlanName, 'poolKey'>,
): Promise<VariantRow | undefined> {
  if ((await pool.find(plan.poolKey))?.validation.ok !== true) return undefined;
  // Nobody else removes it from here on; what was removed until then is seen by the second look.
  await pool.claim(plan.poolKey);
  const manifest = await pool.find(plan.poolKey);
  if (manifest?.validation.ok !== true) return undefined;
  const { extension, size } = manifest.output;
  const variant = { asset: asset.id, profile, poolKey: plan.poolKey, extension, size, guard: asset.master };
  catalog.recordVariant(variant);
  catalog.clearFailure(asset.id, profile);
  return variant;
}
