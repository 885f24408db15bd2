/** From an asset to what has to be made of it: recipe and pool key. Pure. */

import type { Fingerprint, PoolKey, RecipeHash } from '../base/ids.js';
import { extensionOf } from '../base/media-extension.js';
import type { AssetRow } from '../catalog/asset.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { Looks } from '../looks/look.js';
import { poolKeyOf } from '../pool/pool-key.js';
import type { MediaInfo, VideoStream } from '../probe/media-info.js';
import type { Recipe } from '../profiles/recipe.js';
import { resolveRecipe } from '../profiles/resolve.js';
import { nameRecipe } from './name-recipe.js';

export interface MakePlan {
  readonly kind: 'make';
  readonly recipe: Recipe;
  /** The master, with its frames counted. */
  readonly media: MediaInfo;
  readonly fingerprint: Fingerprint;
  readonly poolKey: PoolKey;
}

export type Plan = MakePlan | NoPlan;

export type NoPlan =
  /** The asset, or the profile for this asset, excludes a proxy: the master is served for this reason. */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  /** Not examined yet, or still growing. */
  | { readonly kind: 'not-ready'; readonly reason: string };

/** What recipes are made with, beside profile and master. */
export interface RecipeMeans {
  readonly toolchain: Pick<Toolchain, 'encoders' | 'build'>;
  readonly looks?: Looks | undefined;
}

export function planProxy(asset: AssetRow, profile: string, { toolchain, looks }: RecipeMeans): Plan {
  const ready = readiness(asset);
  if (ready.kind !== 'ready') return ready;
  const { path, fingerprint } = ready;
  const { media } = asset;
  if (media === undefined) return NOT_EXAMINED;
  const resolved = resolveRecipe(profile, { media, extension: extensionOf(path), encoders: toolchain.encoders, looks });
  if (resolved.kind === 'refused') return resolved;
  const { recipe } = resolved;
  return { kind: 'make', recipe, media, fingerprint, poolKey: poolKeyOf(fingerprint, recipe.hash, toolchain.build) };
}

/** What a plan is known by: enough to look for its proxy and to queue it. */
export interface PlanName {
  readonly kind: 'named';
  readonly recipeHash: RecipeHash;
  readonly poolKey: PoolKey;
}

/** As `planProxy`, at a fraction of its cost: for whoever goes through a whole project. */
export function nameProxy(asset: AssetRow, profile: string, { toolchain, looks }: RecipeMeans): PlanName | NoPlan {
  const ready = readiness(asset);
  if (ready.kind !== 'ready') return ready;
  const name = nameRecipe(profile, ready, { encoders: toolchain.encoders, looks });
  if (name === undefined) return NOT_EXAMINED;
  if (name.kind === 'refused') return name;
  return { kind: 'named', recipeHash: name.hash, poolKey: poolKeyOf(ready.fingerprint, name.hash, toolchain.build) };
}

const NOT_EXAMINED = { kind: 'not-ready', reason: 'not examined yet' } as const;

function readiness(asset: AssetRow) {
  const { eligibility, fingerprint, isDescribed, likeness, paths } = asset;
  if (eligibility.kind === 'ineligible') {
    return { kind: 'refused', code: eligibility.code, reason: eligibility.reason } as const;
  }
  if (eligibility.kind === 'unknown') return { kind: 'not-ready', reason: eligibility.reason } as const;
  const path = paths[0];
  if (path === undefined) return { kind: 'not-ready', reason: 'the file is gone' } as const;
  if (fingerprint === undefined || !isDescribed) return NOT_EXAMINED;
  return { kind: 'ready', path, fingerprint, likeness, media: () => asset.media } as const;
}

export function isCounted(media: MediaInfo): boolean {
  return videosOf(media).every((stream) => stream.frames !== undefined);
}

/** Frames of the picture, where counted. */
export function framesOf(media: MediaInfo): number | undefined {
  return videosOf(media)[0]?.frames;
}

const videosOf = (media: MediaInfo) =>
  media.streams.filter(
    (stream): stream is VideoStream => stream.kind === 'video' && !stream.dispositions.includes('attached_pic'),
  );
