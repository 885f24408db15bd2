/** The index of a sheet of pictures: WebVTT, a cue for each picture with its place on the sheet. Pure. */

import type { SpriteLayout } from '../profiles/recipe.js';

/**
 * The cues follow each other without a gap and end with the clip. `sheet` is the name of the picture file;
 * `times` are the seconds at which the frames begin, and the end, where they lie at no constant rate.
 */
export function spriteIndex(layout: SpriteLayout, sheet: string, times?: readonly number[]): string {
  const cues = Array.from({ length: layout.count }, (_, index) => cueOf(layout, index, sheet, times));
  return `WEBVTT\n\n${cues.join('\n')}`;
}

function cueOf(layout: SpriteLayout, index: number, sheet: string, times: readonly number[] | undefined): string {
  const { tile, columns, everyFrames, frames, seconds } = layout;
  const timeOf = (frame: number) => times?.[frame] ?? (frame * seconds) / frames;
  const at = (frame: number) => timestamp(timeOf(Math.min(frame, frames)));
  const place = [(index % columns) * tile.width, Math.floor(index / columns) * tile.height, tile.width, tile.height];
  const span = `${at(index * everyFrames)} --> ${at((index + 1) * everyFrames)}`;
  return `${span}\n${sheet}#xywh=${place.join(',')}\n`;
}

function timestamp(seconds: number): string {
  const all = Math.round(seconds * 1000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const rest = String(all % 1000).padStart(3, '0');
  return `${two(all / 3_600_000)}:${two((all / 60_000) % 60)}:${two((all / 1000) % 60)}.${rest}`;
}
