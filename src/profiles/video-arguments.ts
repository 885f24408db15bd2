/** The arguments that make the picture of a proxy. Pure. */

import type { ColorTags, VideoStream } from '../probe/media-info.js';
import { type Essence, essenceOf, isLabelled, lostTag, statedTags } from './essences.js';
import { type Fields, fieldsOf, isFullRange, isRgb, matrixForRgb, proxyColor, scaledMatrix } from './geometry.js';
import { hardwareFor } from './hardware.js';
import { lookFilters, scaleName, shownVideo } from './look-filter.js';
import { asLabelled } from './mxf-labels.js';
import { descriptionOf } from './picture-description.js';
import { option, type Plan, Refusal } from './plan.js';
import type { EncoderSet, RecipeArgument } from './recipe.js';
import { lastFrameFilter, timingArguments, timingFilters } from './timing.js';

type BitstreamFilter = NonNullable<ReturnType<NonNullable<Essence['bitstream']>>>;

export interface VideoExpectation {
  readonly codec: string;
  readonly pixelFormat: string;
  readonly fullRange: boolean;
  readonly color: ColorTags;
}

export function videoExpectation(plan: Plan): VideoExpectation {
  const essence = essenceOf(plan);
  const shown = shownVideo(plan);
  const full = essence.fullRange && isFullRange(shown) && !isRgb(shown);
  const namesEveryMatrix = essence.codec === 'h264' || essence.codec === 'mpeg2video';
  const color = proxyColor(shown, full, namesEveryMatrix);
  const matrix = color.matrix ?? scaledMatrix(shown, plan.picture);
  return {
    codec: essence.codec,
    // FFmpeg's name for a full-range 4:2:0 picture in H.264.
    pixelFormat: full ? 'yuvj420p' : essence.pixelFormat,
    fullRange: full,
    color: isLabelled(essence, plan.target)
      ? asLabelled({ ...color, matrix })
      : statedTags(essence, { ...color, matrix }),
  };
}

/** Throws a Refusal where the codec cannot make an equal picture. */
export function videoArguments(plan: Plan): RecipeArgument[] {
  const essence = essenceOf(plan);
  const fields = fieldsOf(plan.video);
  refuseImpossible(plan.video, essence, fields);
  const lost = lostTag(essence, plan.target, shownVideo(plan));
  if (lost !== undefined)
    throw new Refusal('color-tag', `its color ${lost.kind} is ${lost.value}, which ${essence.title} has no code for`);
  const hardware = hardwareFor(plan, essence.codec, fields);
  const encoder = hardware?.encoder ?? chooseEncoder(essence, plan.encoders);
  const pixels = option('the pixel format that belongs to the codec tag', '-pix_fmt', essence.pixelFormat);
  return [
    option(
      'frames keep their number; nothing is dropped or repeated',
      '-filter:v:0',
      filterChain(plan, essence, fields),
    ),
    plan.encoders.options.has('fps_mode')
      ? option('one frame out for one frame in', '-fps_mode', 'passthrough')
      : option('one frame out for one frame in', '-vsync', 'passthrough'),
    option('codec', '-c:v', encoder),
    ...(hardware?.options ?? [...essence.options(encoder, fields), pixels]),
    ...bitstreamArguments(plan, hardware === undefined ? essence.bitstream?.(fields) : undefined, silence(plan)),
    option('what the samples mean', '-color_range', videoExpectation(plan).fullRange ? 'pc' : 'tv'),
    ...timingArguments(plan.timing),
    ...fieldArguments(plan, fields),
  ];
}

/** One option holds them all: a second one would replace the first. */
function bitstreamArguments({ timing }: Plan, ...others: readonly (BitstreamFilter | undefined)[]): RecipeArgument[] {
  const last = lastFrameFilter(timing);
  const timed = last === undefined ? undefined : { filter: last, why: 'the last frame lasts as long as in the master' };
  const filters = [...others, timed].filter((filter) => filter !== undefined);
  if (filters.length === 0) return [];
  const [words, why] = [filters.map(({ filter }) => filter), filters.map((filter) => filter.why)];
  return [option(why.join('; '), '-bsf:v:0', words.join(','))];
}

/** H.264 that says nothing of its colours would leave it to readers whether the header's count; that of the master says so. */
function silence(plan: Plan): BitstreamFilter | undefined {
  if (essenceOf(plan).codec !== 'h264' || descriptionOf(plan)?.color === undefined) return undefined;
  const { matrix, primaries, transfer } = videoExpectation(plan).color;
  const codes = { colour_primaries: primaries, transfer_characteristics: transfer, matrix_coefficients: matrix };
  const unsaid = Object.entries(codes).filter(([, value]) => value === undefined);
  if (unsaid.length === 0) return undefined;
  const words = unsaid.map(([name]) => `${name}=2`).join(':');
  return {
    filter: `h264_metadata=${words}`,
    why: 'colours are unspecified in the bitstream, as in that of the master',
  };
}

/** Before `-i`: the device that encodes. */
export function deviceArguments(plan: Plan): readonly RecipeArgument[] {
  return hardwareFor(plan, essenceOf(plan).codec, fieldsOf(plan.video))?.input ?? [];
}

function refuseImpossible(video: VideoStream, essence: Essence, fields: Fields): void {
  const size = `${video.width}x${video.height}`;
  if (video.width % 2 !== 0 || video.height % 2 !== 0) {
    throw new Refusal('odd-size', `its picture is ${size}: the proxy codecs need an even width and height`);
  }
  const { width, height } = essence.smallest;
  if (video.width < width || video.height < height) {
    throw new Refusal('too-small', `its picture is ${size}: ${essence.codec} begins at ${width}x${height}`);
  }
  if (fields !== 'progressive' && !essence.interlaced) {
    throw new Refusal(
      'interlaced',
      `it is interlaced (${video.fieldOrder}) and ${essence.codec} can only be made progressive`,
    );
  }
}

function chooseEncoder(essence: Essence, available: EncoderSet): string {
  const encoder = essence.encoders.find((name) => available.encoders.has(name));
  if (encoder !== undefined) return encoder;
  const wanted = essence.encoders.join(' or ');
  throw new Refusal('encoder-missing', `this FFmpeg has no encoder ${wanted}; install a build that has it`);
}

function filterChain(plan: Plan, essence: Essence, fields: Fields): string {
  // Also where there are none: some decoders call every frame interlaced.
  const marked = `setfield=${{ progressive: 'prog', 'top-first': 'tff', 'bottom-first': 'bff' }[fields]}`;
  const format = `format=${essence.pixelFormat}`;
  const clears = plan.video.reservedTags === true && essence.codec !== 'prores';
  const tags = tagFilter(videoExpectation(plan).color, clears);
  const upload = hardwareFor(plan, essence.codec, fields)?.upload ?? [];
  return [...timingFilters(plan.timing), marked, ...pictureFilters(plan, fields), format, tags, ...upload].join(',');
}

/**
 * Encoders take the tags from the frames; conversions and some decoders leave them unset. Those that say
 * nothing in the codec of the master are cleared where they would say something in that of the proxy.
 */
function tagFilter({ range, matrix, primaries, transfer }: ColorTags, clears: boolean): string {
  const tag = (name: string, value = clears ? 'unknown' : undefined) =>
    value === undefined ? [] : [`${name}=${value}`];
  const words = [
    `range=${range === 'pc' ? 'full' : 'limited'}`,
    ...tag('colorspace', matrix),
    ...tag('color_primaries', primaries),
    ...tag('color_trc', transfer),
  ];
  return `setparams=${words.join(':')}`;
}

/** With a look the master's matrix and range lead into it, and those of its result out of it. */
function pictureFilters(plan: Plan, fields: Fields): readonly string[] {
  const { look, video } = plan;
  if (look === undefined) return [scaleFilter(plan, fields)];
  const out = [
    SCALER,
    ...interlacing(fields),
    `out_color_matrix=${scaleName(videoExpectation(plan).color.matrix ?? '')}`,
  ];
  const conversion = `scale=${[...out, 'in_range=full', 'out_range=limited'].join(':')}`;
  return [...lookFilters(video, look, [...sizing(plan), SCALER, ...interlacing(fields)]), conversion];
}

/** Bit-exact: the same on every processor. */
const SCALER = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';

const interlacing = (fields: Fields): readonly string[] => (fields === 'progressive' ? [] : ['interl=1']);

function sizing({ picture, video }: Plan): readonly string[] {
  return picture.width === video.width ? [] : [`w=${picture.width}:h=${picture.height}`];
}

/** The picture of the master as its proxy has to show it: for those who compare the two. */
export function shownFilter({ video, look }: Pick<Plan, 'video' | 'look'>): string | undefined {
  return look === undefined ? undefined : lookFilters(video, look, [SCALER]).join(',');
}

/** Size, sample format, range and matrix are converted in one step, each field by itself. */
function scaleFilter(plan: Plan, fields: Fields): string {
  const words = [...sizing(plan), SCALER, ...interlacing(fields)];
  if (isRgb(plan.video)) words.push(`out_color_matrix=${scaleName(matrixForRgb(plan.video))}`);
  else words.push(`in_range=${isFullRange(plan.video) ? 'full' : 'limited'}`);
  words.push(`out_range=${videoExpectation(plan).fullRange ? 'full' : 'limited'}`);
  return `scale=${words.join(':')}`;
}

function fieldArguments({ target, video }: Plan, fields: Fields): RecipeArgument[] {
  if (fields === 'progressive') return [];
  const top = fields === 'top-first';
  // QuickTime also states which field is stored first; elsewhere only the order of showing exists.
  const order = target.muxer === 'mov' ? video.fieldOrder : top ? 'tt' : 'bb';
  return [
    option('interlaced coding', '-flags:v', '+ildct+ilme'),
    option('field order of the master', '-top', top ? '1' : '0', '-field_order', order),
  ];
}
