/**
 * Poster and sheet of a proxy whose every frame is a key frame: only the chosen frames are read.
 * The list is written over; it is the caller's file, as the pictures are.
 */

import { writeFile } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { posterFrame } from '../profiles/pictures.js';
import type { PicturePlan, RecipeArgument, Segmenting } from '../profiles/recipe.js';
import { concatInput, joinList } from './commands.js';

export interface PictureReading {
  readonly proxy: RealPath;
  readonly segmenting: Segmenting;
  readonly plan: PicturePlan;
  readonly files: { readonly poster: RealPath; readonly sprite: RealPath; readonly list: RealPath };
  readonly signal: AbortSignal;
  readonly stallMs?: number | undefined;
}

export async function readPictures(toolchain: Toolchain, reading: PictureReading): Promise<void> {
  const { files, plan } = reading;
  const { count, everyFrames, frames } = plan.sprite;
  await readFrames(toolchain, reading, [posterFrame(frames)], plan.poster.arguments, files.poster);
  const chosen = Array.from({ length: count }, (_, index) => index * everyFrames);
  await readFrames(toolchain, reading, chosen, plan.sprite.arguments, files.sprite);
}

async function readFrames(
  toolchain: Toolchain,
  { files, proxy, segmenting, signal, stallMs }: PictureReading,
  chosen: readonly number[],
  output: readonly RecipeArgument[],
  file: RealPath,
): Promise<void> {
  const pieces = chosen.map((frame, at) => ({ file: proxy, first: frame, from: at, to: at + 1, isCut: true }));
  await writeFile(files.list, joinList(pieces, segmenting));
  const words = output.flatMap((argument) => argument.words);
  const args = ['-noautorotate', ...concatInput(files.list), ...words, '-y', fileArgument(file)];
  await runFfmpeg(toolchain, args, { signal, stallMs, polite: true });
}
