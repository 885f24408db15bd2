/**
 * Frame times of a QuickTime track from its sample tables, without reading the footage.
 *
 * Only for tracks whose tables tell the whole story: no fragments, and an edit list
 * that shows every frame. Anything else is left to ffprobe, which reads the packets.
 */

import type { QuickTimeTrack } from './quicktime-tracks.js';

const SAMPLE_LIMIT = 20_000_000;

/** Presentation times in ticks of the track, or undefined when the packets must be read. */
export function sampleTimes(track: QuickTimeTrack): number[] | undefined {
  const times = storedTimes(track);
  return times !== undefined && showsEverything(track, times, lengthOfTrack(track)) ? times : undefined;
}

/** Ticks from the beginning of the first sample to the end of the last. */
export function lengthOfTrack({ durations }: Pick<QuickTimeTrack, 'durations'>): number {
  return durations.reduce((sum, run) => sum + run.count * run.ticks, 0);
}

/** The same of all stored samples, whatever an edit list makes of them; undefined for damaged tables. */
export function storedTimes(track: QuickTimeTrack): number[] | undefined {
  if (track.samples === 0 || track.samples > SAMPLE_LIMIT) return undefined;
  const durations = expand(track.durations, track.samples);
  const offsets = track.offsets.length === 0 ? undefined : expand(track.offsets, track.samples);
  if (durations === undefined || (track.offsets.length > 0 && offsets === undefined)) return undefined;
  let decode = 0;
  return durations.map((ticks, index) => {
    const time = decode + (offsets?.[index] ?? 0);
    decode += ticks;
    return time;
  });
}

/** Ticks from the beginning of the first edit to the first frame that begins in it. */
export function waitInEdit({ edits: [edit] }: Pick<QuickTimeTrack, 'edits'>, times: readonly number[]): number {
  if (edit === undefined) return 0;
  const first = earliest(times.filter((time) => time >= edit.mediaTime));
  return Number.isFinite(first) ? first - edit.mediaTime : 0;
}

const earliest = (times: readonly number[]): number =>
  times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);

function expand(runs: QuickTimeTrack['durations'], samples: number): number[] | undefined {
  const total = runs.reduce((sum, run) => sum + run.count, 0);
  if (total !== samples) return undefined;
  return runs.flatMap((run) => new Array<number>(run.count).fill(run.ticks));
}

/** One edit that begins with the first frame shown and lasts to the end of the last. */
function showsEverything(track: QuickTimeTrack, times: readonly number[], length: number): boolean {
  if (track.edits.length === 0) return true;
  const [edit] = track.edits;
  if (edit === undefined || track.edits.length > 1) return false;
  const first = earliest(times);
  const halfFrame = length / track.samples / 2;
  const editTicks = (edit.length / track.movieTimescale) * track.timescale;
  // A length of 0 lasts to the end (fragmented writers leave it so).
  return edit.mediaTime <= first && (edit.length === 0 || edit.mediaTime + editTicks >= first + length - halfFrame);
}
