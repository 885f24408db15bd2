/**
 * The table of profiles. Immutable: a profile whose meaning changes gets a higher
 * version, so that proxies made before are known to be something else.
 */

import { ProxyfsError } from '../base/error.js';

export type VideoEssence = 'prores-proxy' | 'dnxhr-lb' | 'h264-intra' | 'mpeg2-intra';

/** What the finished file is made of, by extension of the master. */
export interface ProfileTarget {
  /** FFmpeg muxer. */
  readonly muxer: 'mov' | 'mp4' | 'mxf';
  readonly video: VideoEssence;
  /** For pictures that `video` cannot carry: DNxHR is progressive, BT.709 or BT.2020, and at least 256x120. */
  readonly otherwise?: VideoEssence;
}

export interface Profile {
  readonly name: string;
  readonly version: number;
  /** One line for people who choose. */
  readonly summary: string;
  /** Keys are extensions with the dot, in lower case. */
  readonly targets: Readonly<Record<string, ProfileTarget>>;
}

const MP4: ProfileTarget = { muxer: 'mp4', video: 'h264-intra' };
/** DNxHR in MXF is progressive with square pixels; MPEG-2 carries what broadcast masters are. */
const MXF: ProfileTarget = { muxer: 'mxf', video: 'dnxhr-lb', otherwise: 'mpeg2-intra' };

export const DEFAULT_PROFILE = 'edit';

const PROFILES: readonly Profile[] = [
  {
    name: 'edit',
    version: 1,
    summary:
      '.mov as ProRes Proxy, .mp4 as H.264 with key frames only, .mxf as DNxHR LB (SD and interlaced: MPEG-2 intra)',
    targets: { '.mov': { muxer: 'mov', video: 'prores-proxy' }, '.mp4': MP4, '.m4v': MP4, '.mxf': MXF },
  },
  {
    name: 'edit_dnx',
    version: 1,
    summary:
      '.mov and .mxf as DNxHR LB (SD and interlaced: ProRes Proxy, MPEG-2 intra), .mp4 as H.264 with key frames only',
    targets: {
      '.mov': { muxer: 'mov', video: 'dnxhr-lb', otherwise: 'prores-proxy' },
      '.mp4': MP4,
      '.m4v': MP4,
      '.mxf': MXF,
    },
  },
];

export function listProfiles(): readonly Profile[] {
  return PROFILES;
}

/** Throws 'profile/unknown', naming the nearest profile and all there are. */
export function findProfile(name: string): Profile {
  const profile = PROFILES.find((candidate) => candidate.name === name);
  if (profile !== undefined) return profile;
  const names = PROFILES.map((candidate) => candidate.name);
  const nearest = names.reduce((best, next) => (distance(next, name) < distance(best, name) ? next : best));
  const message = `there is no profile '${name}'; did you mean '${nearest}'? Profiles: ${names.join(', ')}`;
  throw new ProxyfsError('profile/unknown', message, { details: { name, nearest, profiles: names } });
}

/** Insertions, deletions and replacements between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
