/**
 * A poster and a sheet of small pictures of a clip, as further outputs of the command that
 * makes its proxy: as they are seen, upright and with square pixels. Pure.
 *
 * They are for people who look for a shot. High dynamic range is not brought down: such
 * pictures are as flat as the samples are.
 */

import type { VideoStream } from '../probe/media-info.js';
import { multiply, rational, toNumber } from '../time/rational.js';
import { fieldsOf } from './geometry.js';
import { lookFilters, readingWords } from './look-filter.js';
import type { Dimensions } from './picture-size.js';
import { copiesEditLists, option, type Plan } from './plan.js';
import type { PicturePlan, RecipeArgument } from './recipe.js';

const POSTER_SIDE = 1280;
const TILE_SIDE = 160;
const MOST_TILES = 100;
const COLUMNS = 10;
const SCALER = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';

/** Undefined where this FFmpeg cannot make them, or where not every decoded frame is one of the clip. */
export function planPictures(plan: Plan): PicturePlan | undefined {
  const { encoders, frames, rate } = plan;
  const able = encoders.encoders.has('mjpeg') && encoders.filters.has('tile') && encoders.muxers.has('mjpeg');
  if (!able || copiesEditLists(plan)) return undefined;
  const everyFrames = Math.ceil(frames / MOST_TILES);
  const count = Math.ceil(frames / everyFrames);
  const columns = Math.min(COLUMNS, count);
  const [poster, tile] = [seenSize(plan, POSTER_SIDE), seenSize(plan, TILE_SIDE)];
  const seconds = toNumber(multiply(rational(frames), { num: rate.den, den: rate.num }));
  const rows = Math.ceil(count / columns);
  const sheet = `tile=layout=${columns}x${rows}:nb_frames=${count}`;
  const posterFilter = [`select=eq(n\\,${posterFrame(frames)})`, ...pictureFilters(plan, poster)];
  const chosen = `select=not(mod(n\\,${everyFrames}))`;
  return {
    poster: { ...poster, arguments: outputArguments(plan, 'a frame from the first quarter', posterFilter) },
    sprite: {
      ...{ tile, columns, rows, count, everyFrames, frames, seconds },
      arguments: outputArguments(plan, `a frame of each ${everyFrames}`, [
        chosen,
        ...pictureFilters(plan, tile),
        sheet,
      ]),
    },
  };
}

/** The same pictures out of the finished proxy, whose chosen frames are the only ones that are read: input 0, stream 0. */
export function planProxyPictures(
  plan: Plan,
  shown: Pick<VideoStream, 'color' | 'pixelFormat'>,
): PicturePlan | undefined {
  const pictures = planPictures(plan);
  if (pictures === undefined) return undefined;
  const proxy: Plan = { ...plan, look: undefined, video: { ...plan.video, ...shown, index: 0 } };
  const { poster, sprite } = pictures;
  const sheet = `tile=layout=${sprite.columns}x${sprite.rows}:nb_frames=${sprite.count}`;
  const one = outputArguments(proxy, 'one frame', pictureFilters(proxy, poster));
  const many = outputArguments(proxy, 'the chosen frames', [...pictureFilters(proxy, sprite.tile), sheet]);
  return { poster: { ...poster, arguments: one }, sprite: { ...sprite, arguments: many } };
}

/** The frame of the poster: past slates and fades, and early enough for the beginning of the shot. */
export const posterFrame = (frames: number): number => Math.floor(frames / 4);

/** With square pixels and upright, no longer than `side` and never enlarged; JPEG wants even sides. */
function seenSize({ video }: Plan, side: number): Dimensions {
  const width = video.width * (video.sampleAspect === undefined ? 1 : toNumber(video.sampleAspect));
  const factor = Math.min(1, side / Math.max(width, video.height));
  const even = (length: number) => Math.max(2, 2 * Math.round((length * factor) / 2));
  const [wide, high] = [even(width), even(video.height)];
  return isTurned(video.rotation) ? { width: high, height: wide } : { width: wide, height: high };
}

const isTurned = (rotation: number): boolean => Math.abs(rotation) % 180 === 90;

function pictureFilters(plan: Plan, seen: Dimensions): readonly string[] {
  const { video, look } = plan;
  const stored = isTurned(video.rotation) ? { width: seen.height, height: seen.width } : seen;
  const size = [`w=${stored.width}:h=${stored.height}`, SCALER];
  // What JPEG readers expect.
  const out = 'out_color_matrix=bt601:out_range=full';
  const scaled =
    look === undefined
      ? [`scale=${[...size, ...readingWords(video).filter((word) => word !== 'out_range=full'), out].join(':')}`]
      : [...lookFilters(video, look, size), `scale=${SCALER}:in_range=full:${out}`];
  const upright = TURNS[((video.rotation % 360) + 360) % 360] ?? [];
  const oneField = fieldsOf(video) === 'progressive' ? [] : ['field=type=top'];
  return [...oneField, ...scaled, 'format=yuvj420p', ...upright, 'setsar=1'];
}

/** The degrees of the display matrix count against the clock. */
const TURNS: Readonly<Record<number, readonly string[]>> = {
  90: ['transpose=cclock'],
  180: ['hflip', 'vflip'],
  270: ['transpose=clock'],
};

function outputArguments({ video, encoders }: Plan, what: string, filters: readonly string[]): RecipeArgument[] {
  const each = encoders.options.has('fps_mode') ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough'];
  return [
    option(what, '-map', `0:${video.index}`, '-filter:v', filters.join(','), ...each, '-frames:v', '1'),
    // One thread: the same bytes on every machine.
    option('JPEG', '-c:v', 'mjpeg', '-q:v', '4', '-threads', '1', '-flags', '+bitexact', '-f', 'mjpeg'),
  ];
}
