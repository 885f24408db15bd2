/**
 * A look as filters: the picture becomes RGB with its own matrix and range, in 16 bits, goes
 * through the table, and becomes video again with the matrix of the look's result. Pure.
 */

import type { RealPath } from '../base/paths.js';
import { type Look, tagsOfOutput } from '../looks/look.js';
import type { VideoStream } from '../probe/media-info.js';
import { impliedMatrix, isFullRange, isRgb } from './geometry.js';
import { type Plan, Refusal } from './plan.js';

/** The picture as validation finds it: with the colours of the look, where there is one. */
export function shownVideo({ video, look }: Pick<Plan, 'video' | 'look'>): VideoStream {
  if (look === undefined) return video;
  return { ...video, pixelFormat: 'yuv444p', color: tagsOfOutput(look.output) };
}

/** From the master's samples to RGB with the look applied. */
export function lookFilters(video: VideoStream, look: Look, scaling: readonly string[]): readonly string[] {
  return [`scale=${[...scaling, ...inputColor(video)].join(':')}`, 'format=gbrp16le', ...tableFilters(look)];
}

function inputColor(video: VideoStream): readonly string[] {
  if (impliedMatrix(video) === undefined) {
    throw new Refusal('look-matrix', `its matrix (${video.color.matrix}) has no exact way to RGB, which a look needs`);
  }
  return readingWords(video);
}

/** How the scaler makes full-range RGB of these samples. */
export function readingWords(video: VideoStream): readonly string[] {
  if (isRgb(video)) return ['out_range=full'];
  const matrix = impliedMatrix(video);
  const named = matrix === undefined ? [] : [`in_color_matrix=${scaleName(matrix)}`];
  return [...named, `in_range=${isFullRange(video) ? 'full' : 'limited'}`, 'out_range=full'];
}

function tableFilters({ kind, table, shaper }: Look): readonly string[] {
  const shaped = shaper === undefined ? [] : [`lut1d=file=${filterValue(shaper)}:interp=linear`];
  const how = kind === '3d' ? 'tetrahedral' : 'linear';
  return [...shaped, `lut${kind}=file=${filterValue(table)}:interp=${how}`];
}

/** The name under which the scaler knows a matrix. */
export function scaleName(matrix: string): string {
  return { bt2020nc: 'bt2020', bt470bg: 'bt470' }[matrix] ?? matrix;
}

/** Quoted twice: for the option and for the chain of filters. */
function filterValue(path: RealPath): string {
  const option = path.replaceAll(/[\\':]/g, '\\$&');
  return option.replaceAll(/[\\'[\],;]/g, '\\$&');
}

/** Words of a recipe with the content of a look in the place of its files: paths differ between machines. */
export function withoutPaths(words: readonly string[], look: Look | undefined): readonly string[] {
  if (look === undefined) return words;
  const files = [look.shaper, look.table].filter((path) => path !== undefined);
  return words.map((word) => files.reduce((text, path) => text.replaceAll(filterValue(path), look.hash), word));
}
