/** Field order, colour range and matrix: what of the picture decides about filters. Pure. */

import type { ColorTags, VideoStream } from '../probe/media-info.js';
import type { Dimensions } from './picture-size.js';

export type Fields = 'progressive' | 'top-first' | 'bottom-first';

/**
 * Which field is shown first. FFmpeg's two letters are the field stored first and
 * the field shown first; only the second is seen.
 */
export function fieldsOf(video: VideoStream): Fields {
  if (video.fieldOrder === 'tt' || video.fieldOrder === 'bt') return 'top-first';
  if (video.fieldOrder === 'bb' || video.fieldOrder === 'tb') return 'bottom-first';
  return 'progressive';
}

export function isFullRange(video: VideoStream): boolean {
  return video.color.range === 'pc' || isRgb(video);
}

export function isRgb(video: VideoStream): boolean {
  return /^(rgb|bgr|gbr|0rgb|0bgr|x2rgb|x2bgr)/.test(video.pixelFormat);
}

/**
 * The tags of a proxy: the master's, as far as they are known names. The range is kept
 * where the codec can state it, else the samples are converted to limited range.
 */
export function proxyColor(video: VideoStream, keepsFullRange: boolean, namesEveryMatrix = false): ColorTags {
  const { matrix, primaries, transfer } = video.color;
  const isAlias = matrix === 'bt470bg' && !namesEveryMatrix;
  return {
    range: isFullRange(video) && keepsFullRange ? 'pc' : 'tv',
    matrix: isRgb(video) ? matrixForRgb(video) : pick(MATRICES, isAlias ? SAME_AS_BT470BG : matrix),
    primaries: pick(PRIMARIES, primaries),
    transfer: pick(TRANSFERS, transfer),
  };
}

/** The two names of BT.601's one matrix; ProRes and DNxHR only have a code for this one. */
const SAME_AS_BT470BG = 'smpte170m';

/** Names that FFmpeg's filters take and that the proxy codecs or their containers can state. */
const MATRICES = ['bt709', 'bt470bg', 'smpte170m', 'smpte240m', 'bt2020nc'];
const PRIMARIES = ['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'smpte240m', 'film', 'bt2020', 'smpte431', 'smpte432'];
const TRANSFERS = [
  ...['bt709', 'smpte170m', 'smpte240m', 'linear', 'iec61966-2-4', 'iec61966-2-1', 'bt2020-10', 'bt2020-12'],
  ...['bt470m', 'bt470bg', 'smpte2084', 'smpte428', 'arib-std-b67'],
];

function pick(names: readonly string[], name: string | undefined): string | undefined {
  return name !== undefined && names.includes(name) ? name : undefined;
}

/** The one that its header names, where every proxy codec has it. */
export function matrixForRgb(video: VideoStream): string {
  return pick(OF_EVERY_CODEC, video.color.matrix) ?? usualMatrix(video);
}

const OF_EVERY_CODEC = ['bt709', 'smpte170m', 'bt2020nc'];

/** The matrix with which the picture is shown; undefined when its tag is an unusual one. */
export function impliedMatrix(video: VideoStream): string | undefined {
  if (isRgb(video)) return matrixForRgb(video);
  return video.color.matrix === undefined ? usualMatrix(video) : proxyColor(video, false).matrix;
}

/**
 * The matrix that a smaller picture has to state because its master states none: with
 * its new height players would take it for another one. Undefined where nothing changes.
 */
export function scaledMatrix(video: VideoStream, picture: Dimensions): string | undefined {
  if (video.color.matrix !== undefined || picture.width === video.width) return undefined;
  const isSame = usualMatrix(video) === usualMatrix(picture) && !isAmbiguous(picture);
  return isSame ? undefined : usualMatrix(video);
}

/** Most players take untagged pictures for BT.709 from 720 lines on and for BT.601 below. */
function usualMatrix({ height }: Pick<Dimensions, 'height'>): string {
  return height >= 720 ? 'bt709' : 'smpte170m';
}

/** MLT goes by the number of pixels: of this size, an untagged picture has other colours there. */
export function isAmbiguous(picture: Dimensions): boolean {
  return picture.width * picture.height > HD_PIXELS !== (usualMatrix(picture) === 'bt709');
}

const HD_PIXELS = 750_000;

export function hasSquarePixels(video: VideoStream): boolean {
  return video.sampleAspect === undefined || video.sampleAspect.num === video.sampleAspect.den;
}
