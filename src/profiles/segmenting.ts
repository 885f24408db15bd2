/**
 * Whether the picture of a proxy can be encoded in segments that join without loss, and with
 * which arguments. Pure.
 *
 * Only where each frame's bytes depend on that frame alone, or on the few before it: ProRes
 * and DNxHR; H.264 with key frames only, whose rate control halves its memory of the past with
 * each frame, and which numbers key frames odd and even. Only at a constant rate from the first
 * tick on, so that a frame's number says its time; and progressive, made in software. Not in MXF:
 * where its chroma samples lie is not known any more when the segments are joined.
 */

import { rational } from '../time/rational.js';
import { type Essence, essenceOf } from './essences.js';
import { fieldsOf } from './geometry.js';
import { hardwareFor } from './hardware.js';
import { planProxyPictures } from './pictures.js';
import { option, type Plan } from './plan.js';
import type { RecipeArgument, Segmenting } from './recipe.js';
import { videoExpectation } from './video-arguments.js';

/** What a frame's bytes still know of the past is below a rounding error after so many frames. */
const LEADS: Readonly<Record<string, number>> = { prores: 4, dnxhd: 4, h264: 32 };

/** `video` and `rest` are the arguments of the recipe: those of the picture, and what comes after them. */
export function segmentingOf(
  plan: Plan,
  video: readonly RecipeArgument[],
  rest: readonly RecipeArgument[],
): Segmenting | undefined {
  const essence = essenceOf(plan);
  const lead = LEADS[essence.codec];
  if (lead === undefined || !isRegular(plan, essence)) return undefined;
  const filter = video.find(({ words }) => words[0] === '-filter:v:0')?.words[1];
  if (filter === undefined) return undefined;
  const rate = `${plan.rate.num}/${plan.rate.den}`;
  const exact = option('the same bytes from the same master', '-flags:v', '+bitexact', '-fflags', '+bitexact');
  return {
    rate: plan.rate,
    start: plan.video.startTime ?? rational(0),
    stream: plan.video.index,
    lead,
    filters: `${filter},fps=${rate}`,
    encode: [...video.filter(({ words }) => words[0] !== '-filter:v:0'), exact],
    pictures: planProxyPictures(plan, videoExpectation(plan)),
    join: [...joinMaps(plan), option('the frames as they were encoded', '-r', rate, '-c:v:0', 'copy'), ...rest],
  };
}

function isRegular(plan: Plan, essence: Essence): boolean {
  const { target, timing, video, cover } = plan;
  const fields = fieldsOf(video);
  return (
    target.muxer !== 'mxf' &&
    timing.kind === 'constant-rate' &&
    timing.firstTick === 0n &&
    !timing.fine &&
    fields === 'progressive' &&
    video.rotation === 0 &&
    cover.length === 0 &&
    plan.encoders.filters.has('fps') &&
    plan.encoders.filters.has('trim') &&
    plan.encoders.filters.has('select') &&
    plan.encoders.muxers.has('segment') &&
    hardwareFor(plan, essence.codec, fields) === undefined
  );
}

/** The order of the streams is that of the master; only the picture comes from elsewhere. */
function joinMaps({ video, audio }: Plan): RecipeArgument[] {
  const streams = [video, ...audio].sort((a, b) => a.index - b.index);
  const maps = streams.flatMap((stream) => ['-map', stream === video ? '1:0' : `0:${stream.index}`]);
  return [
    option('the joined picture and every sound, in the order of the master', ...maps),
    option('tracks that are neither picture nor sound stay with the master', '-dn', '-sn', '-map_chapters', '-1'),
  ];
}
