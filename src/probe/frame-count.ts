/**
 * Counts the frames of a picture and measures where they lie: from the sample tables of a
 * QuickTime or MP4 file where they tell it all, else from a listing of its packets.
 */

import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { type FfprobeOptions, runFfprobe } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { divide, multiply, parseRational, type Rational, rational, toNumber } from '../time/rational.js';
import { measureCadence, type PacketList, parsePacketLines } from './cadence.js';
import type { FfprobeOutput } from './ffprobe-schema.js';
import type { VideoStream } from './media-info.js';
import { ownTimesOf } from './own-times.js';
import type { QuickTimeTrack } from './quicktime-tracks.js';
import { lengthOfTrack, sampleTimes, storedTimes, waitInEdit } from './sample-table.js';

export interface CountedFile {
  readonly toolchain: Toolchain;
  readonly path: RealPath;
  readonly output: FfprobeOutput;
  /** Of the movie header; empty where it does not list every sample. */
  readonly tracks: readonly QuickTimeTrack[];
}

/** The stream with its frames counted and their rate measured. */
export async function countStream(
  file: CountedFile,
  stream: VideoStream,
  options: FfprobeOptions,
): Promise<VideoStream> {
  const track = trackOf(file.output, stream, file.tracks);
  const timeBase = track === undefined ? timeBaseOf(file.output, stream) : rational(1, track.timescale);
  const listed = track === undefined ? undefined : sampleTimes(track);
  const packets: PacketList =
    listed === undefined ? await listPackets(file, stream, options) : { shown: listed, hidden: [], untimed: 0 };
  const { shown, hidden, untimed } = packets;
  const stored = track === undefined ? undefined : (listed ?? storedTimes(track));
  const rate = measureCadence(shown, timeBase, [stream.frameRate, stream.averageFrameRate]);
  const wait = track === undefined ? 0 : waitInEdit(track, stored ?? []);
  const counted = {
    ...stream,
    ...(wait === 0 ? {} : { waitInEdit: multiply(rational(wait), timeBase) }),
    frames: shown.length + untimed,
    // A listing of packets begins with the last key frame before the edit: the table knows the others too.
    hiddenFrames: stored === undefined ? hidden.length : Math.max(hidden.length, stored.length - shown.length),
    listedFrames: shown.length + hidden.length + untimed,
    frameRate: rate ?? stream.frameRate,
    // Packets without a time cannot be checked: they are counted, and their rate is not vouched for.
    variableFrameRate: rate === undefined || untimed > 0,
  };
  const isQuickTime = file.output.format.format_name.startsWith('mov,');
  if (!isQuickTime || untimed > 0 || shown.length === 0 || timeBase.num !== 1n) return counted;
  const perFrame = ticksPerFrame(rate ?? rational(25), timeBase);
  const length = track === undefined ? undefined : lengthOfTrack(track);
  if (rate !== undefined && counted.hiddenFrames === 0 && lastsAsLong(length, shown.length * perFrame, perFrame)) {
    return counted;
  }
  const times = { clock: Number(timeBase.den), shown, stored, length, usual: Math.round(perFrame) };
  return { ...counted, ownTimes: ownTimesOf(times) };
}

const ticksPerFrame = (rate: Rational, timeBase: Rational): number =>
  toNumber(divide(rational(rate.den, rate.num), timeBase));

/** Else the last frame is held, or the header cuts it short. */
function lastsAsLong(length: number | undefined, frames: number, perFrame: number): boolean {
  return length === undefined || Math.abs(length - frames) <= perFrame / 2;
}

/** Times of the frames that are shown, in ticks of the stream, sorted. */
export async function shownTimes(
  toolchain: Toolchain,
  path: RealPath,
  stream: VideoStream,
  options: FfprobeOptions,
): Promise<readonly number[]> {
  const { shown } = await listPackets({ toolchain, path }, stream, options);
  return shown.sort((a, b) => a - b);
}

async function listPackets(
  { toolchain, path }: Pick<CountedFile, 'toolchain' | 'path'>,
  stream: VideoStream,
  options: FfprobeOptions,
): Promise<PacketList> {
  const select = ['-select_streams', String(stream.index), '-show_entries', 'packet=pts,flags', '-of', 'csv=p=0'];
  return parsePacketLines(await runFfprobe(toolchain, [...select, fileArgument(path)], options));
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
