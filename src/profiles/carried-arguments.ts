/**
 * The arguments that carry what is neither picture nor sound: order of the streams, cover
 * art, dates, names and camera metadata, and the clock of the header. Pure.
 */

import type { MediaInfo, MediaStream, VideoStream } from '../probe/media-info.js';
import { descriptionOf } from './picture-description.js';
import { copiesEditLists, option, type Plan } from './plan.js';
import type { RecipeArgument } from './recipe.js';

export const isCoverArt = (stream: MediaStream): stream is VideoStream =>
  stream.kind === 'video' && stream.dispositions.includes('attached_pic');

/** FFmpeg writes cover art into MP4 only, and only as JPEG or PNG. */
export function coverOf(media: MediaInfo, muxer: string): readonly VideoStream[] {
  if (muxer !== 'mp4') return [];
  return media.streams.filter(isCoverArt).filter((stream) => stream.codec === 'mjpeg' || stream.codec === 'png');
}

/** Picture and sounds as they lie in the master; cover art, which is no track, comes last. */
export function carriedStreams({
  video,
  audio,
  cover,
}: Pick<Plan, 'video' | 'audio' | 'cover'>): readonly MediaStream[] {
  return [...[video, ...audio].sort((a, b) => a.index - b.index), ...cover];
}

export function mapArguments(plan: Plan): RecipeArgument[] {
  const mapped = carriedStreams(plan).flatMap((stream) => ['-map', `0:${stream.index}`]);
  return [
    option('the picture and every sound, in the order of the master', ...mapped),
    option('tracks that are neither picture nor sound stay with the master', '-dn', '-sn', '-map_chapters', '-1'),
  ];
}

export function coverArguments({ cover }: Plan): RecipeArgument[] {
  return cover.flatMap((_, position) => {
    const at = `v:${position + 1}`;
    return [option('cover art as it is', `-c:${at}`, 'copy', `-disposition:${at}`, 'attached_pic')];
  });
}

/** Dates, names and camera metadata that the file itself states. */
export function labelArguments(plan: Plan): RecipeArgument[] {
  const { timecode, reel, tags, target } = plan;
  const reelOption = target.muxer === 'mxf' ? '-metadata' : '-metadata:s:v:0';
  const created = target.muxer === 'mxf' ? undefined : tags['creation_time'];
  return [
    ...(timecode === undefined ? [] : [option('start timecode of the master', '-timecode', timecode)]),
    ...(reel === undefined ? [] : [option('reel name: it is not inherited', reelOption, `reel_name=${reel}`)]),
    ...(created === undefined
      ? []
      : [option('creation date: it is not inherited', '-metadata', `creation_time=${created}`)]),
    ...(target.muxer === 'mxf' ? [] : titleArguments(plan)),
  ];
}

function titleArguments(plan: Plan): RecipeArgument[] {
  return carriedStreams(plan).flatMap(({ tags }, position) => {
    const { title } = tags;
    return title === undefined ? [] : [option('title of the track', `-metadata:s:${position}`, `title=${title}`)];
  });
}

/** Header flags and the clock in which the header counts; nothing of these exists in MXF. */
export function headerArguments(plan: Plan): RecipeArgument[] {
  // What is written into the header later makes it longer: it has to be the last part of the file then.
  const growsLater = copiesEditLists(plan) || plan.copiesFragments || descriptionOf(plan) !== undefined;
  const first = growsLater ? undefined : option('header first: opens at once over a network', '+faststart');
  const free = hasFreeTags(plan) ? option('camera metadata under its own names', '+use_metadata_tags') : undefined;
  const flags = [first, free].filter((flag) => flag !== undefined);
  // Both options came with FFmpeg 5.1, and only the first is in its list.
  const hasClock = plan.encoders.options.has('fps_mode') && plan.movieTimescale !== undefined;
  return [
    ...(flags.length === 0
      ? []
      : [option(flags.map(({ why }) => why).join('; '), '-movflags', flags.flatMap(({ words }) => words).join(''))]),
    ...(hasClock ? [option("the clock of the master's header", '-movie_timescale', String(plan.movieTimescale))] : []),
  ];
}

/** Names that the muxers have places for; every other name needs the free form. */
const PLACED: Readonly<Record<'mov' | 'mp4', readonly string[]>> = {
  mov: ['title', 'artist', 'album', 'comment', 'genre', 'copyright', 'make', 'model', 'keywords'],
  mp4: ['title', 'artist', 'album', 'album_artist', 'comment', 'genre', 'copyright', 'date', 'description'],
};

function hasFreeTags({ target, tags }: Plan): boolean {
  if (target.muxer === 'mxf') return false;
  const placed = PLACED[target.muxer];
  return Object.keys(tags).some((name) => !isStructural(name) && name !== 'creation_time' && !placed.includes(name));
}

/** What a muxer says of itself and of the container, and what is compared by its meaning. */
const STRUCTURAL = /^(major_brand|minor_version|compatible_brands|encoder|timecode|reel_name|creation_time)$/;

/** Whether a tag belongs to the file rather than to the footage. */
export const isStructural = (name: string): boolean => STRUCTURAL.test(name);
