/**
 * The pictures that come out of the decode of a proxy: read back, and given an index.
 *
 * They are a convenience: what is wrong with them is logged, and the proxy is published
 * without them. Concurrency: any number of calls for different files.
 */

import { readFile, rm, writeFile } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { PICTURE_SUFFIXES, type PublishedPictures } from '../pool/manifest.js';
import type { Pool } from '../pool/pool.js';
import type { CommandOutput } from '../profiles/command.js';
import type { PicturePlan } from '../profiles/recipe.js';
import { jpegSize } from './jpeg-size.js';
import { spriteIndex } from './sprite-index.js';

/** Where the pictures of one proxy are made. */
export interface PictureFiles {
  readonly plan: PicturePlan;
  readonly poster: RealPath;
  readonly sprite: RealPath;
  readonly index: RealPath;
}

export function pictureFiles(pool: Pool, owner: string, plan: PicturePlan): PictureFiles {
  const at = (part: keyof typeof PICTURE_SUFFIXES) => pool.temporary(owner, PICTURE_SUFFIXES[part]);
  return { plan, poster: at('poster'), sprite: at('sprite'), index: at('index') };
}

export function pictureOutputs({ plan, poster, sprite }: PictureFiles): readonly CommandOutput[] {
  return [
    { arguments: plan.poster.arguments, file: poster },
    { arguments: plan.sprite.arguments, file: sprite },
  ];
}

export async function removePictures({ poster, sprite, index }: PictureFiles): Promise<void> {
  await Promise.all([poster, sprite, index].map((file) => rm(file, { force: true })));
}

export type FinishedPictures =
  | { readonly kind: 'pictures'; readonly pictures: PublishedPictures }
  | { readonly kind: 'wrong'; readonly reason: string };

/** `name` is that of the published sheet, which the index refers to; `times` as in sprite-index.ts. */
export async function finishPictures(
  files: PictureFiles,
  name: string,
  times?: readonly number[],
): Promise<FinishedPictures> {
  const { poster, sprite } = files.plan;
  const sheet = { width: sprite.tile.width * sprite.columns, height: sprite.tile.height * sprite.rows };
  const wrong =
    (await whatIsWrong('poster', files.poster, poster)) ?? (await whatIsWrong('sheet', files.sprite, sheet));
  if (wrong !== undefined) return { kind: 'wrong', reason: wrong };
  await writeFile(files.index, spriteIndex(sprite, name, times));
  const { tile, columns, rows, count, everyFrames } = sprite;
  return {
    kind: 'pictures',
    pictures: {
      poster: { width: poster.width, height: poster.height },
      sprite: { ...sheet, tileWidth: tile.width, tileHeight: tile.height, columns, rows, count, everyFrames },
    },
  };
}

async function whatIsWrong(
  what: string,
  file: RealPath,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<string | undefined> {
  const found = jpegSize(await readFile(file).catch(() => Buffer.alloc(0)));
  if (found === undefined) return `the ${what} is no complete JPEG`;
  if (found.width === width && found.height === height) return undefined;
  return `the ${what} is ${found.width}x${found.height} instead of ${width}x${height}`;
}
