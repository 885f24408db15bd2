/** A recipe and two paths as FFmpeg arguments. Pure. */

import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import type { Recipe } from './recipe.js';

/** The arguments for `runFfmpeg`. An output that is already there is written over: it is the caller's temporary file. */
export function ffmpegArguments(recipe: Recipe, input: RealPath, output: RealPath): string[] {
  return [
    ...recipe.inputArguments.flatMap((argument) => argument.words),
    ...['-i', fileArgument(input)],
    ...recipe.arguments.flatMap((argument) => argument.words),
    ...['-y', fileArgument(output)],
  ];
}
