/**
 * Whether the picture of a proxy can be encoded in segments that join without loss, and with
 * which arguments. Pure.
 *
 * Only where each frame's bytes depend on that frame alone, or on the few before it: ProRes
 * and DNxHR; H.264 with key frames only, whose rate control halves its memory of the past with
 * each frame, and which numbers key frames odd and even. Only at a constant rate from the first
 * tick on, so that a frame's number says its time; and made in software. Not MPEG-2, whose
 * headers count the time from where the encoder began.
 */

import { rational } from '../time/rational.js';
import { isCopied } from './audio-arguments.js';
import { mapArguments } from './carried-arguments.js';
import { type Essence, essenceOf } from './essences.js';
import { fieldsOf } from './geometry.js';
import { hardwareFor } from './hardware.js';
import { planProxyPictures } from './pictures.js';
import { option, type Plan } from './plan.js';
import type { RecipeArgument, Segmenting, WholeFile } from './recipe.js';
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
    statesSiting: plan.target.muxer === 'mxf',
    pictures: planProxyPictures(plan, videoExpectation(plan)),
    join: [
      ...joinMaps(plan),
      option('the frames as they were encoded', '-r', rate, '-c:v:0', 'copy'),
      ...(plan.target.muxer === 'mxf' ? colorLabels(plan) : []),
      ...(plan.target.muxer === 'mp4' ? [option('its own rate, not that of the first segment', '-b:v:0', '0')] : []),
      ...rest,
    ],
    whole: wholeOf(plan, rest),
  };
}

/** Options that are of the muxer alone: FFmpeg has to be told with the file that they belong to. */
const OF_MUXER = ['-f', '-movflags', '-movie_timescale'];

/** The rows of other segments begin at a time of the master; this one, as one command, where the master begins. */
function wholeOf(plan: Plan, rest: readonly RecipeArgument[]): WholeFile | undefined {
  const { audio, crossesContainers, encoders, target, video } = plan;
  // Sound that is copied keeps the tag of its container, which another one may not know.
  const isForeign = crossesContainers && audio.some((stream) => isCopied(stream, target.muxer));
  if (!encoders.muxers.has('tee') || isForeign || (video.startTime ?? rational(0)).num !== 0n) return undefined;
  const isOfMuxer = ({ words: [name = ''] }: RecipeArgument) => OF_MUXER.includes(name);
  const header = ['-flags:v', '+global_header', '-flags:a', '+global_header'];
  return {
    arguments: [
      ...mapArguments(plan),
      ...rest.filter((argument) => !isOfMuxer(argument)),
      ...(target.muxer === 'mxf' ? [] : [option('headers lie in the container, which several files hide', ...header)]),
    ],
    muxer: Object.fromEntries(
      rest.filter(isOfMuxer).map(({ words: [name = '', value = ''] }) => [name.slice(1), value]),
    ),
  };
}

function isRegular(plan: Plan, essence: Essence): boolean {
  const { target, timing, video, cover } = plan;
  const fields = fieldsOf(video);
  return (
    timing.kind === 'constant-rate' &&
    timing.firstTick === 0n &&
    !timing.fine &&
    cover.length === 0 &&
    plan.encoders.filters.has('fps') &&
    plan.encoders.filters.has('trim') &&
    plan.encoders.filters.has('select') &&
    plan.encoders.muxers.has('segment') &&
    (target.muxer !== 'mxf' || (plan.encoders.muxers.has('matroska') && !hasUnusualTag(plan))) &&
    hardwareFor(plan, essence.codec, fields) === undefined
  );
}

const LABELS = { matrix: '-colorspace', primaries: '-color_primaries', transfer: '-color_trc' } as const;
const KINDS = ['matrix', 'primaries', 'transfer'] as const;

/** A tag that is neither stated anew nor missing is the master's own, which only the frames have. */
function hasUnusualTag(plan: Plan): boolean {
  const { color } = videoExpectation(plan);
  return KINDS.some((kind) => color[kind] === undefined && plan.video.color[kind] !== undefined);
}

/** MXF labels what the encoder was given; the segments say what a decoder makes of them. */
function colorLabels(plan: Plan): RecipeArgument[] {
  const { color } = videoExpectation(plan);
  const words = KINDS.flatMap((kind) => [`${LABELS[kind]}:v:0`, color[kind] ?? 'unspecified']);
  return [option('what the samples mean', ...words)];
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
