/** A look: a lookup table that a profile set applies when its name asks for it (`edit+NAME`). Types and names. Pure. */

import type { RealPath } from '../base/paths.js';
import type { ColorTags } from '../probe/media-info.js';

/** What the colours of a look's result mean: no `.cube` file says it, so whoever adds a look does. */
export const LOOK_OUTPUTS = ['bt709', 'hlg', 'pq'] as const;
export type LookOutput = (typeof LOOK_OUTPUTS)[number];

export interface Look {
  readonly name: string;
  /** Of what the table does, whatever its file says beside it: BLAKE3. */
  readonly hash: string;
  readonly kind: '1d' | '3d';
  readonly size: number;
  readonly title: string | undefined;
  readonly output: LookOutput;
  /** The table as FFmpeg gets it, for values from 0 to 1. */
  readonly table: RealPath;
  /** Applied before the table where its domain is another than 0 to 1. */
  readonly shaper: RealPath | undefined;
}

/** The looks of a project. */
export interface Looks {
  get(name: string): Look | undefined;
  /** In alphabetical order. */
  list(): readonly Look[];
}

export const NO_LOOKS: Looks = { get: () => undefined, list: () => [] };

const TAGS: Readonly<Record<LookOutput, ColorTags>> = {
  bt709: { range: 'tv', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' },
  hlg: { range: 'tv', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'arib-std-b67' },
  pq: { range: 'tv', matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'smpte2084' },
};

/** The tags of a picture to which the look has been applied. */
export const tagsOfOutput = (output: LookOutput): ColorTags => TAGS[output];

/** Part of the names of profiles, so of files, commands and addresses. */
export const isLookName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/.test(text);
