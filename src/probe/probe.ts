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
import {
  add,
  compare,
  divide,
  parseDecimal,
  parseRational,
  type Rational,
  rational,
  subtract,
} from '../time/rational.js';
import { type Cadence, measureCadence, parsePacketLines } from './cadence.js';
import { extrasOf } from './extras.js';
import { type FfprobeOutput, parseFfprobeOutput } from './ffprobe-schema.js';
import { needsFirstFrame, readFirstFrame } from './first-frame.js';
import type { MediaInfo, MediaStream, VideoStream } from './media-info.js';
import { readMovieHeader } from './quicktime-boxes.js';
import { type QuickTimeTrack, readTracks } from './quicktime-tracks.js';
import { readMediaInfo } from './read-media-info.js';
import { sampleTimes } from './sample-table.js';
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
    const media = await withTimecode(readMediaInfo(output), file, tracks);
    if (options.count === false) return media;
    const tables = movie?.fragmented === true ? [] : tracks;
    const counted = await withCadence(media, (stream) => cadenceOf(toolchain, path, output, stream, tables, options));
    const looked = await withFirstFrame(toolchain, path, output, counted, options);
    const [track] = tracks;
    const timed = track === undefined ? looked : { ...looked, movieTimescale: track.movieTimescale };
    return movie?.fragmented === true ? await withPacketLengths(toolchain, path, timed, options) : timed;
  } finally {
    await file.close();
  }
}

async function withTimecode(media: MediaInfo, file: FileHandle, tracks: readonly QuickTimeTrack[]): Promise<MediaInfo> {
  return media.timecode === undefined ? { ...media, timecode: await readTimecodeTrack(file, tracks) } : media;
}

async function withCadence(media: MediaInfo, measure: (stream: VideoStream) => Promise<Cadence>): Promise<MediaInfo> {
  const streams = [];
  for (const stream of media.streams) {
    const counts = stream.kind === 'video' && !stream.dispositions.includes('attached_pic');
    streams.push(counts ? applyCadence(stream, await measure(stream)) : stream);
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

/** Headers of fragmented files state absurd lengths: streams are as long as their packets. */
async function withPacketLengths(
  toolchain: Toolchain,
  path: RealPath,
  media: MediaInfo,
  options: ProbeOptions,
): Promise<MediaInfo> {
  const streams = [];
  for (const stream of media.streams) {
    if (stream.kind === 'video') streams.push(withPictureLength(stream));
    else if (stream.kind !== 'audio') streams.push(stream);
    if (stream.kind !== 'audio') continue;
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
  const { frames, frameRate } = stream;
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

function applyCadence(stream: VideoStream, cadence: Cadence): VideoStream {
  return {
    ...stream,
    frames: cadence.frames,
    hiddenFrames: cadence.hidden,
    frameRate: cadence.rate ?? stream.frameRate,
    variableFrameRate: cadence.rate === undefined,
  };
}

async function cadenceOf(
  toolchain: Toolchain,
  path: RealPath,
  output: FfprobeOutput,
  stream: VideoStream,
  tracks: readonly QuickTimeTrack[],
  options: ProbeOptions,
): Promise<Cadence> {
  const candidates = [stream.frameRate, stream.averageFrameRate];
  const track = trackOf(output, stream, tracks);
  const ticks = track === undefined ? undefined : sampleTimes(track);
  if (track !== undefined && ticks !== undefined) {
    return measureCadence({ timeBase: rational(1, track.timescale), ticks, hidden: 0 }, candidates);
  }
  const select = ['-select_streams', String(stream.index), '-show_entries', 'packet=pts,flags', '-of', 'csv=p=0'];
  const packets = parsePacketLines(await runFfprobe(toolchain, [...select, fileArgument(path)], options));
  return packetCadence(packets, timeBaseOf(output, stream), candidates);
}

function packetCadence(
  packets: ReturnType<typeof parsePacketLines>,
  timeBase: Rational,
  candidates: readonly (Rational | undefined)[],
): Cadence {
  const cadence = measureCadence({ timeBase, ticks: packets.ticks, hidden: packets.hidden }, candidates);
  // Packets without a time cannot be checked: they are counted, and their rate is not vouched for.
  return packets.untimed === 0
    ? cadence
    : { frames: cadence.frames + packets.untimed, hidden: cadence.hidden, rate: undefined };
}

/** FFmpeg lists the tracks of a movie in file order, so the nth video stream is the nth video track. */
function trackOf(
  output: FfprobeOutput,
  stream: VideoStream,
  tracks: readonly QuickTimeTrack[],
): QuickTimeTrack | undefined {
  const videos = output.streams.filter(
    (entry) => entry.codec_type === 'video' && entry.disposition['attached_pic'] !== 1,
  );
  const videoTracks = tracks.filter((track) => track.handler === 'vide');
  if (videos.length !== videoTracks.length) return undefined;
  return videoTracks[videos.findIndex((entry) => entry.index === stream.index)];
}

function timeBaseOf(output: FfprobeOutput, stream: VideoStream): Rational {
  const text = output.streams.find((entry) => entry.index === stream.index)?.time_base;
  return (text === undefined ? undefined : parseRational(text)) ?? rational(1, 1000);
}
