/**
 * Counts the frames of a master that a scan left uncounted because all of it has to be
 * read, and records the verdict that was waiting for it.
 */

import { errnoOf, ProxyfsError } from '../base/error.js';
import { realPathOf } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import { probeMedia } from '../probe/probe.js';
import { classify } from '../view/eligibility.js';
import type { Generation } from './generation.js';
import { hasMasterChanged } from './master.js';
import { isCounted } from './plan.js';

/** Returns the asset as it is afterwards: unchanged when there was nothing to count, or when it could not be read now. */
export async function countFrames(
  { catalog, source, toolchain, log }: Generation,
  asset: AssetRow,
  signal: AbortSignal | undefined,
): Promise<AssetRow> {
  const path = asset.paths[0];
  const { fingerprint } = asset;
  if (path === undefined || fingerprint === undefined || !isUncounted(asset)) return asset;
  const real = realPathOf(source, path);
  try {
    const counted = await probeMedia(toolchain, real, { signal, count: true });
    // A scan finds the change by itself; what was counted belongs to neither version.
    if (await hasMasterChanged(real, asset)) return asset;
    return catalog.describe(asset.id, { fingerprint, media: counted, eligibility: classify(path, counted) });
  } catch (error) {
    const isOfTheWorld = error instanceof ProxyfsError || errnoOf(error) !== undefined;
    if (signal?.aborted || !isOfTheWorld) throw error;
    log.warn({ err: error, path }, 'the frames of a clip could not be counted');
    return asset;
  }
}

/** Whether only the count of its frames is missing. Of what has its verdict the media facts are not looked at. */
export function isUncounted(asset: AssetRow): boolean {
  const { eligibility, fingerprint } = asset;
  if (eligibility.kind !== 'unknown' || fingerprint === undefined) return false;
  return asset.media !== undefined && !isCounted(asset.media);
}
