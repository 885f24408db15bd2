/** Recipes and paths as FFmpeg arguments. Pure. */

import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import type { Recipe, RecipeArgument } from './recipe.js';

/** One file of a command. */
export interface CommandOutput {
  readonly arguments: readonly RecipeArgument[];
  readonly file: RealPath;
}

/** The arguments for `runFfmpeg`. An output that is already there is written over: it is the caller's temporary file. */
export function ffmpegArguments(recipe: Recipe, input: RealPath, output: RealPath): string[] {
  return commandArguments(recipe, input, [{ arguments: recipe.arguments, file: output }]);
}

/**
 * One decode for all outputs. FFmpeg counts its progress by the first of them. Outputs know
 * nothing of each other: each file is the one that a command of its own would write.
 */
export function commandArguments(
  { inputArguments }: Pick<Recipe, 'inputArguments'>,
  input: RealPath,
  outputs: readonly CommandOutput[],
): string[] {
  return [
    ...inputArguments.flatMap((argument) => argument.words),
    ...['-i', fileArgument(input)],
    ...outputs.flatMap(({ arguments: words, file }) => [
      ...words.flatMap((argument) => argument.words),
      ...['-y', fileArgument(file)],
    ]),
  ];
}

/** Whether one decode can feed both: what comes before `-i` is the same. */
export function sharesInput(a: Recipe, b: Recipe): boolean {
  const words = (recipe: Recipe) => recipe.inputArguments.flatMap((argument) => argument.words).join('\0');
  return words(a) === words(b);
}
