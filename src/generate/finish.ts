/**
 * What a finished file gets after FFmpeg: what its muxers cannot be told to write. In place.
 */

import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Recipe } from '../profiles/recipe.js';
import { copyEditLists } from './edit-lists.js';
import { copyFragmentTimes } from './fragment-times.js';
import { matchMovieLength, matchSoundLengths } from './movie-length.js';
import { stampMxfIdentity } from './mxf-identity.js';
import { writePictureDescription } from './picture-description.js';
import { copyTimecodeDescription } from './timecode-description.js';

export interface Finishing {
  readonly master: RealPath;
  /** Of the master, with its frames counted. */
  readonly media: MediaInfo;
  readonly recipe: Recipe;
  readonly poolKey: PoolKey;
  readonly signal?: AbortSignal | undefined;
}

/** Throws 'pool/damaged' for a file that is not what the recipe makes. */
export async function finishProxy(proxy: RealPath, finishing: Finishing): Promise<void> {
  const { master, media, recipe, poolKey, signal } = finishing;
  if (recipe.muxer === 'mxf') {
    await stampMxfIdentity(proxy, poolKey, signal);
    return;
  }
  if (recipe.expect.editLists === 'of-master') await copyEditLists(proxy, master);
  if (recipe.expect.times === 'of-fragments') await copyFragmentTimes(proxy, master);
  await writePictureDescription(proxy, recipe);
  await copyTimecodeDescription(proxy, master);
  await matchSoundLengths(proxy, master);
  await matchMovieLength(proxy, media);
}
