/**
 * Probes one media file: ffprobe's description, a count of its frames, and what
 * FFmpeg leaves out.
 *
 * Counting reads no footage where the sample tables of a QuickTime or MP4 file say it
 * all; every other file is read once by ffprobe. Holds no state; any number may run.
 */

import { type FileHandle, open } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { type FfprobeOptions, runFfprobe } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { add, compare, divide, parseDecimal, type Rational, rational, subtract } from '../time/rational.js';
import { extrasOf } from './extras.js';
import { type FfprobeOutput, parseFfprobeOutput } from './ffprobe-schema.js';
import { needsFirstFrame, readFirstFrame } from './first-frame.js';
import { type CountedFile, countStream } from './frame-count.js';
import type { ContainerColor, Incomplete, MediaInfo, MediaStream, VideoStream } from './media-info.js';
import { withFragments } from './movie-fragments.js';
import { incompleteMxf } from './mxf-partitions.js';
import { endsInsideBox, type MovieHeader, readMovieHeader } from './quicktime-boxes.js';
import { colorNumbers, formatColor } from './quicktime-color.js';
import { type QuickTimeTrack, readTracks } from './quicktime-tracks.js';
import { readMediaInfo } from './read-media-info.js';
import { lengthOfTrack } from './sample-table.js';
import { readTimecodeTrack } from './timecode-track.js';

export interface ProbeOptions extends FfprobeOptions {
  /** Count the frames and measure their cadence (default true). */
  readonly count?: boolean | undefined;
}

/** Throws 'ffprobe/failed', 'ffprobe/garbage' or 'job/cancelled'; a missing file is 'path/missing' from the system. */
export async function probeMedia(toolchain: Toolchain, path: RealPath, options: ProbeOptions = {}): Promise<MediaInfo> {
  const file = await open(path, 'r');
  try {
    const words = ['-show_format', '-show_streams', '-show_chapters', '-of', 'json', fileArgument(path)];
    const output = parseFfprobeOutput(await runFfprobe(toolchain, words, options));
    const movie = output.format.format_name.startsWith('mov,') ? await readMovieHeader(file) : undefined;
    const tracks = movie === undefined ? [] : readTracks(movie.body);
    const media = await withTimecode(withTrackFacts(readMediaInfo(output), tracks), file, tracks);
    if (options.count === false) return media;
    const tables = movie?.fragmented === true ? [] : tracks;
    const counted = await withCounts(media, { toolchain, path, output, tracks: tables }, options);
    const looked = await withFirstFrame(toolchain, path, output, counted, options);
    const [track] = tracks;
    const incomplete = movie === undefined ? await incompleteMxf(file) : await incompleteMovie(file, movie, tables);
    const complete = incomplete === undefined ? looked : { ...looked, incomplete };
    const timed = track === undefined ? complete : { ...complete, movieTimescale: track.movieTimescale };
    if (movie?.fragmented !== true) return timed;
    const whole = await withFragments(file, movie.body, tracks);
    return await withOwnLengths(toolchain, path, { ...timed, fragmented: true }, whole, options);
  } finally {
    await file.close();
  }
}

/** Handlers of picture and sound. */
const ESSENCE: readonly string[] = ['vide', 'soun'];

/** A reference movie; or a copy that was broken off: the header lies first and lists what never arrived, or a fragment has no end. */
async function incompleteMovie(
  file: FileHandle,
  { fragmented }: MovieHeader,
  tracks: readonly QuickTimeTrack[],
): Promise<Incomplete | undefined> {
  if (tracks.some(({ elsewhere, handler }) => elsewhere && ESSENCE.includes(handler))) return 'elsewhere';
  if (fragmented) return (await endsInsideBox(file)) ? 'cut-off' : undefined;
  const { size } = await file.stat();
  return tracks.some(({ endsAt }) => endsAt > size) ? 'cut-off' : undefined;
}

/** What FFmpeg does not say of tracks, which lie in one order in the header and in its list. */
function withTrackFacts(media: MediaInfo, tracks: readonly QuickTimeTrack[]): MediaInfo {
  const of = (handler: string) => tracks.filter((track) => track.handler === handler);
  const left = { video: of('vide'), audio: of('soun') };
  const streams = media.streams.map((stream) => {
    if ((stream.kind !== 'video' && stream.kind !== 'audio') || stream.dispositions.includes('attached_pic'))
      return stream;
    const track = left[stream.kind].shift();
    const titled = track?.title === undefined ? stream : { ...stream, tags: { title: track.title, ...stream.tags } };
    return titled.kind === 'video' ? withContainerColor(titled, track?.color) : titled;
  });
  return { ...media, streams };
}

function withContainerColor(video: VideoStream, stated: ContainerColor | undefined): VideoStream {
  if (stated === undefined || formatColor(stated) === formatColor(colorNumbers(video.color))) return video;
  return { ...video, containerColor: stated };
}

async function withTimecode(media: MediaInfo, file: FileHandle, tracks: readonly QuickTimeTrack[]): Promise<MediaInfo> {
  return media.timecode === undefined ? { ...media, timecode: await readTimecodeTrack(file, tracks) } : media;
}

async function withCounts(media: MediaInfo, file: CountedFile, options: ProbeOptions): Promise<MediaInfo> {
  const streams = [];
  for (const stream of media.streams) {
    const counts = stream.kind === 'video' && !stream.dispositions.includes('attached_pic');
    streams.push(counts ? await countStream(file, stream, options) : stream);
  }
  return { ...media, streams };
}

async function withFirstFrame(
  toolchain: Toolchain,
  path: RealPath,
  output: FfprobeOutput,
  media: MediaInfo,
  options: FfprobeOptions,
): Promise<MediaInfo> {
  const video = media.streams.find(
    (stream) => stream.kind === 'video' && !stream.dispositions.includes('attached_pic'),
  );
  const asks = video?.kind === 'video' && video.codec !== 'unknown' && needsFirstFrame(video);
  const frame = asks ? await readFirstFrame(toolchain, path, video, options) : undefined;
  const streams = media.streams.map((stream) =>
    stream === video && video?.kind === 'video' && video.fieldOrder === 'unknown'
      ? { ...video, fieldOrder: frame?.fieldOrder ?? 'unknown' }
      : stream,
  );
  return { ...media, streams, extras: extrasOf(output, frame?.sideData ?? []) };
}

/** Headers of fragmented files state absurd lengths: streams are as long as their samples, else as their packets. */
async function withOwnLengths(
  toolchain: Toolchain,
  path: RealPath,
  media: MediaInfo,
  tracks: readonly QuickTimeTrack[],
  options: ProbeOptions,
): Promise<MediaInfo> {
  const sounds = tracks.filter(({ handler }) => handler === 'soun');
  const isComplete = sounds.length === media.streams.filter(({ kind }) => kind === 'audio').length;
  const streams = [];
  for (const stream of media.streams) {
    if (stream.kind === 'video') streams.push(withPictureLength(stream));
    else if (stream.kind !== 'audio') streams.push(stream);
    if (stream.kind !== 'audio') continue;
    const table = isComplete ? sounds.shift() : undefined;
    if (table !== undefined) {
      streams.push({ ...stream, duration: rational(lengthOfTrack(table), table.timescale) });
      continue;
    }
    const entries = ['-show_entries', 'packet=pts_time,duration_time', '-of', 'csv=p=0'];
    const select = ['-select_streams', String(stream.index), ...entries];
    const packets = await runFfprobe(toolchain, [...select, fileArgument(path)], options);
    streams.push({ ...stream, duration: lengthOfPackets(packets) ?? stream.duration });
  }
  return { ...media, streams, duration: lastEnd(streams) ?? media.duration };
}

/** From the beginning of the earliest stream to the end of the last. */
function lastEnd(streams: readonly MediaStream[]): Rational | undefined {
  const timed = streams.filter((stream) => stream.kind === 'video' || stream.kind === 'audio');
  const ends = timed.map((stream) => add(stream.startTime ?? rational(0), stream.duration ?? rational(0)));
  const starts = timed.map((stream) => stream.startTime ?? rational(0)).sort(compare);
  const [end, start] = [ends.sort(compare).at(-1), starts[0]];
  return end === undefined || start === undefined ? undefined : subtract(end, start);
}

function withPictureLength(stream: VideoStream): VideoStream {
  const { frames, frameRate, ownTimes } = stream;
  if (ownTimes !== undefined) return { ...stream, duration: rational(ownTimes.length, ownTimes.clock) };
  if (frames === undefined || frameRate === undefined || stream.variableFrameRate !== false) return stream;
  return { ...stream, duration: divide(rational(frames), frameRate) };
}

/**
 * From the first packet's time to the end of the last: there may be gaps between them.
 * FFmpeg does not know the length of a last packet (`N/A`): packets of one sound are equally long.
 */
function lengthOfPackets(text: string): Rational | undefined {
  const packets = text.split('\n').map((line) => line.split(',').map(parseDecimal));
  const times = packets.map(([time]) => time).filter((time) => time !== undefined);
  const usual = packets.find(([time, length]) => time !== undefined && length !== undefined)?.[1];
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || usual === undefined) return undefined;
  const length = packets.findLast(([time]) => time !== undefined)?.[1] ?? usual;
  return subtract(add(last, length), first);
}
