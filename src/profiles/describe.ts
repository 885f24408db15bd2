/** A profile as people and programs read it: one row of `proxyfs profiles` and of the manual. Pure. */

import { titleOf } from './essences.js';
import { describeSize } from './picture-size.js';
import type { Engine, Profile, ProfileTarget } from './profile.js';

export interface ProfileRow {
  readonly name: string;
  readonly version: number;
  readonly kind: Profile['kind'];
  readonly engine: Engine;
  /** `source`, `half`, `quarter`, `1/3` or `540 lines`. */
  readonly size: string;
  readonly summary: string;
  readonly advice: string;
  readonly makes: readonly MadeFile[];
}

export interface MadeFile {
  /** Of sets the extension of the master, of formats that of every file. */
  readonly extension: string;
  readonly container: 'MOV' | 'MP4' | 'MXF';
  readonly video: string;
  /** For pictures that `video` cannot carry. */
  readonly otherwise: string | null;
  readonly audio: string;
}

const CONTAINERS = { mov: 'MOV', mp4: 'MP4', mxf: 'MXF' } as const;
const SOUND = { mov: 'copy', mp4: 'AAC (copied when it is AAC)', mxf: 'PCM' } as const;

export function describeProfile(profile: Profile): ProfileRow {
  const { name, version, kind, engine, size, summary, advice, targets } = profile;
  const makes = Object.entries(targets).map(([extension, target]) => describeTarget(extension, target));
  return { name, version, kind, engine, size: describeSize(size), summary, advice, makes };
}

function describeTarget(extension: string, { muxer, video, otherwise }: ProfileTarget): MadeFile {
  return {
    extension,
    container: CONTAINERS[muxer],
    video: titleOf(video),
    otherwise: otherwise === undefined ? null : titleOf(otherwise),
    audio: SOUND[muxer],
  };
}
