/** Which engine a master goes to: by what it is, and where that leaves a doubt, by trying. */

import type { RealPath } from '../base/paths.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { MediaInfo } from '../probe/media-info.js';
import { tryDecode } from '../probe/try-decode.js';
import { type EngineRoute, requireEngine, routeByTrial, routeKnown } from '../profiles/engine.js';
import type { Profile } from '../profiles/profile.js';

export async function routeMaster(
  toolchain: Toolchain,
  file: RealPath,
  media: MediaInfo | undefined,
  signal?: AbortSignal,
): Promise<EngineRoute> {
  return routeKnown(file, media) ?? routeByTrial(await tryDecode(toolchain, file, signal));
}

/** Before anything else is run. Rejects with 'profile/wrong-engine'. */
export async function routeFor(
  profile: Pick<Profile, 'name' | 'engine'>,
  toolchain: Toolchain,
  file: RealPath,
  media: MediaInfo | undefined,
  signal?: AbortSignal,
): Promise<EngineRoute> {
  const route = await routeMaster(toolchain, file, media, signal);
  requireEngine(profile, route);
  return route;
}
