/**
 * The times of frames that keep no constant rate, or among which an edit list chooses: in
 * short, so that they can be kept and compared. Pure.
 */

import { createHash } from 'node:crypto';

export interface OwnTimes {
  /** Ticks a second: the time scale of the track. */
  readonly clock: number;
  /** Frames in the file, shown or not; undefined where its header does not list them (fragments). */
  readonly stored: number | undefined;
  /** Ticks from the first frame to the end of the last. */
  readonly length: number;
  /**
   * Ticks that the header counts, where that is something else. Frames are missing then, as at the end of a clip
   * that was cut without a new encode: those shown before them are decoded after them.
   */
  readonly counted?: number;
  /** Ticks that the last frame lasts. */
  readonly last: number;
  /** Of the times of all stored and of all shown frames, each after the first of its kind. */
  readonly digest: string;
}

export interface FrameTimes {
  readonly clock: number;
  readonly shown: readonly number[];
  readonly stored: readonly number[] | undefined;
  /** Ticks of the whole track, where known. */
  readonly length: number | undefined;
  /** Ticks of a frame where nothing says how long the last one is. */
  readonly usual: number;
}

export function ownTimesOf({ clock, shown, stored, length, usual }: FrameTimes): OwnTimes {
  const all = sorted(stored ?? shown);
  const span = (all.at(-1) ?? 0) - (all[0] ?? 0);
  // Where decoding and showing differ in order, the sum of the track can end before the last frame does.
  const last = length === undefined || length <= span ? usual : length - span;
  const text = `${distances(all)};${distances(sorted(shown))}`;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  const counted = stored === undefined || length === undefined || length === span + last ? {} : { counted: length };
  return { clock, stored: stored?.length, length: span + last, ...counted, last, digest };
}

const sorted = (ticks: readonly number[]): readonly number[] => [...ticks].sort((a, b) => a - b);

const distances = (ticks: readonly number[]): string => ticks.map((at) => at - (ticks[0] ?? 0)).join(' ');
