/**
 * Which engine a master needs, and whether a profile is of that engine. Pure: what this
 * FFmpeg can decode is found by trying, elsewhere, and given.
 */

import { ProxyfsError } from '../base/error.js';
import { extensionKind, extensionOf } from '../base/media-extension.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Engine, Profile } from './profile.js';

export interface EngineRoute {
  readonly engine: Engine;
  /** Half a sentence: `it is camera RAW (.braw)`. */
  readonly reason: string;
}

/** Camera RAW in containers that FFmpeg reads: by the tag or name of the codec. */
const RAW_CODECS: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 'ProRes RAW', pattern: /^(aprn|aprh|prores_raw)$/ },
  { name: 'Blackmagic RAW', pattern: /^br(xq|st|vn|s2|xh|aw)$/ },
  { name: 'Canon RAW', pattern: /^craw$/ },
  { name: 'REDCODE', pattern: /^r3d\d?$/ },
  { name: 'CinemaDNG', pattern: /^(cdng|dng)$/ },
];

/**
 * What name and description alone decide: camera RAW never goes to FFmpeg, also where a
 * build claims to decode it, since its picture is not the one that the maker's software
 * shows. Undefined: try to decode it.
 */
export function routeKnown(path: string, media: MediaInfo | undefined): EngineRoute | undefined {
  const extension = extensionOf(path);
  if (extensionKind(extension) === 'raw') return { engine: 'resolve', reason: `it is camera RAW (${extension})` };
  for (const stream of media?.streams ?? []) {
    if (stream.kind !== 'video') continue;
    const raw = RAW_CODECS.find(
      ({ pattern }) => pattern.test(stream.codecTag.toLowerCase()) || pattern.test(stream.codec),
    );
    if (raw !== undefined) return { engine: 'resolve', reason: `its picture is ${raw.name}` };
  }
  return undefined;
}

/** `trouble`: what FFmpeg said when it tried; undefined when a picture came out. */
export function routeByTrial(trouble: string | undefined): EngineRoute {
  return trouble === undefined
    ? { engine: 'ffmpeg', reason: 'this FFmpeg decodes it' }
    : { engine: 'resolve', reason: `this FFmpeg cannot decode it (${trouble})` };
}

/** Throws 'profile/wrong-engine', which names both engines. */
export function requireEngine(profile: Pick<Profile, 'name' | 'engine'>, route: EngineRoute): void {
  if (profile.engine === route.engine) return;
  throw new ProxyfsError(
    'profile/wrong-engine',
    `Profile '${profile.name}' requires the ${profile.engine} engine, but the job routes to ${route.engine}: ${route.reason}`,
    { details: { profile: profile.name, requires: profile.engine, routesTo: route.engine, reason: route.reason } },
  );
}
