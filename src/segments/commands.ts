/** The FFmpeg arguments for segments and for their join. Pure. */

import { invariant } from '../base/invariant.js';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import type { Segmenting, WholeFile } from '../profiles/recipe.js';
import { toNumber } from '../time/rational.js';
import { microsecondsAt, type Segment } from './bounds.js';
import { teeArguments } from './tee.js';

/** Decoding begins so many seconds before the first frame that is wanted, at a key frame. */
const RUN_UP = 1;
/** Frames are decoded in another order than they are shown. */
const RUN_OUT = 2;
/** Parts of a frame; less than half, which a clock that counts in whole frames could round either way. */
const EARLY = 0.4;
/** Without a last cut the muxer would make some of its own. */
const NEVER = 2 ** 31 - 2;

const HASH = 'murmur3';

/** One FFmpeg for segments that follow each other. */
export interface RowFiles {
  readonly master: RealPath;
  /** `%d` counts from 0; relative to the folder in which FFmpeg runs. */
  readonly pattern: string;
  /** The names of files that are complete, a line for each. */
  readonly list: string;
  /** The hashes of the master's packets that it read. */
  readonly source: string;
}

/** The finished file, which the encoder of the whole clip writes beside its segments. */
export interface FinishedFile {
  readonly file: RealPath;
  readonly whole: WholeFile;
}

/** Frames before the first of a row that are encoded too: less at the beginning of the clip. */
export const leadOf = ({ lead }: Pick<Segmenting, 'lead'>, { from }: Pick<Segment, 'from'>): number =>
  Math.min(lead, from);

/**
 * A file for each segment of the row, and one before them for the lead, where there is one. The
 * frames are those of one encode from the first to the last. Each frame's time has to be where
 * its number has it, within half a frame: what comes after one that is not is left out, and
 * found missing. With `finished` it is as in one command, from the first frame to the last.
 */
export function encodeArguments(
  segmenting: Segmenting,
  row: readonly Segment[],
  files: RowFiles,
  finished?: FinishedFile,
): string[] {
  const { encode, filters, start, stream, rate } = segmenting;
  const [first, last] = [row[0], row.at(-1)];
  invariant(first !== undefined && last !== undefined, 'a row has a segment');
  const lead = leadOf(segmenting, first);
  const { begin, end } = timesOf(segmenting, { ...last, from: first.from });
  const isStart = first.from === lead;
  const offset = `(t-(${start.num}/${start.den}))*${rate.num}/${rate.den}-n-${first.from - lead}`;
  const isInPlace = `lt(abs(${offset})\\,0.5)`;
  const chosen = `trim=${isStart ? '' : `start=${seconds(begin)}:`}end=${seconds(end)},select=${isInPlace}`;
  const cuts = row.map(({ from }) => from - first.from + lead).filter((frame) => frame > 0);
  const picture = ['-filter:v:0', `${chosen},${filters}`, ...encode.flatMap(({ words }) => words)];
  // Ends by a time of the output: the input's would count from the key frame that a seek leads to.
  const source = ['-to', seconds(end + RUN_OUT), ...hashOutput(`0:${stream}`, files.source)];
  const segments = {
    ...{ segment_format: 'mov', reset_timestamps: '1', segment_frames: [...cuts, NEVER].join(',') },
    ...{ segment_list: files.list, segment_list_type: 'flat' },
  };
  if (finished === undefined) {
    const words = Object.entries(segments).flatMap(([name, value]) => [`-${name}`, value]);
    return [
      ...[...inputArguments(segmenting, first, files.master), '-map', `0:${stream}`, ...picture],
      ...['-f', 'segment', ...words, '-y', files.pattern, ...source],
    ];
  }
  const { file, whole } = finished;
  const outputs = [
    { options: { f: 'segment', select: 'v', ...segments }, file: files.pattern },
    { options: whole.muxer, file: fileArgument(file) },
  ];
  return [
    ...['-noautorotate', '-i', fileArgument(files.master), ...picture],
    ...whole.arguments.flatMap(({ words }) => words),
    ...[...teeArguments(outputs), ...source],
  ];
}

/** The first frame alone, as the proxy has it, in a container that states all that the encoder knows of it. */
export function sampleArguments(
  { encode, filters, stream }: Segmenting,
  files: { readonly master: RealPath; readonly output: RealPath },
): string[] {
  return [
    ...['-noautorotate', '-i', fileArgument(files.master)],
    ...['-map', `0:${stream}`, '-filter:v:0', filters, ...encode.flatMap(({ words }) => words)],
    ...['-frames:v', '1', '-f', 'matroska', '-y', fileArgument(files.output)],
  ];
}

/** Only the hashes of the master's packets, as the encode writes them. */
export function sourceArguments(
  segmenting: Segmenting,
  segment: Segment,
  files: { readonly master: RealPath; readonly source: RealPath },
): string[] {
  const { end } = timesOf(segmenting, segment);
  return [
    ...inputArguments(segmenting, segment, files.master),
    ...['-to', seconds(end + RUN_OUT)],
    ...hashOutput(`0:${segmenting.stream}`, fileArgument(files.source)),
  ];
}

/** For ffprobe: time, size and hash of the packet that it finds first when it seeks for each segment, a line for each. */
export function firstPacketArguments(segmenting: Segmenting, segments: readonly Segment[], master: RealPath): string[] {
  const sought = segments.map((segment) => seconds(timesOf(segmenting, segment).begin - RUN_UP));
  return [
    ...['-select_streams', String(segmenting.stream), '-read_intervals', sought.map((at) => `${at}%+#1`).join(',')],
    ...['-show_entries', 'packet=pts,size,data_hash', '-show_data_hash', HASH, '-of', 'csv=p=0', fileArgument(master)],
  ];
}

/** The hash of each frame of a file as it is stored. */
export function frameHashArguments(file: RealPath, output: RealPath): string[] {
  return ['-i', fileArgument(file), ...hashOutput('0:v:0', fileArgument(output))];
}

/** A piece of a file that is taken over: frames of the file, and where they lie in the clip. */
export interface Piece {
  readonly file: RealPath;
  readonly first: number;
  readonly from: number;
  readonly to: number;
  /** The file goes on behind the piece. */
  readonly isCut: boolean;
}

/** A list for FFmpeg's concat demuxer. Lengths are differences of exact times: no rounding adds up. */
export function joinList(pieces: readonly Piece[], { rate }: Segmenting): string {
  const lines = pieces.flatMap(({ file, first, from, to, isCut }) => [
    `file '${fileArgument(file).replaceAll("'", "'\\''")}'`,
    ...(first === 0 ? [] : [`inpoint ${decimal(microsecondsAt(first, rate))}`]),
    ...(isCut ? [`outpoint ${decimal(microsecondsAt(first + to - from, rate) - halfFrame(rate))}`] : []),
    `duration ${decimal(microsecondsAt(to, rate) - microsecondsAt(from, rate))}`,
  ]);
  return `ffconcat version 1.0\n${lines.join('\n')}\n`;
}

export function joinArguments(
  { join }: Segmenting,
  files: { readonly master: RealPath; readonly list: RealPath; readonly output: RealPath },
  siting: readonly string[],
): string[] {
  return [
    ...['-noautorotate', '-i', fileArgument(files.master)],
    ...concatInput(files.list),
    ...join.flatMap(({ words }) => words),
    ...siting,
    ...['-y', fileArgument(files.output)],
  ];
}

/** Packets stay as they are: no conversion between the forms of H.264. */
export function concatInput(list: RealPath): string[] {
  const options = ['-auto_convert', '0', '-safe', '0', '-protocol_whitelist', 'file'];
  return ['-f', 'concat', ...options, '-i', fileArgument(list)];
}

/** Before the first frame, with its lead, and behind the last; in seconds of the master. */
export function timesOf(segmenting: Segmenting, segment: Segment): { begin: number; end: number } {
  const [fps, zero] = [toNumber(segmenting.rate), toNumber(segmenting.start)];
  const first = segment.from - leadOf(segmenting, segment);
  return { begin: zero + (first - EARLY) / fps, end: zero + (segment.to - EARLY) / fps };
}

function inputArguments(segmenting: Segmenting, segment: Segment, master: RealPath): string[] {
  const { begin } = timesOf(segmenting, segment);
  const isStart = segment.from === leadOf(segmenting, segment);
  return [
    ...['-copyts', '-seek_timestamp', '1', '-noaccurate_seek'],
    ...(isStart ? [] : ['-ss', seconds(begin - RUN_UP)]),
    ...['-noautorotate', '-i', fileArgument(master)],
  ];
}

/** Written packet by packet, since it is read while it is written. */
const hashOutput = (stream: string, file: string): string[] => [
  ...['-map', stream, '-c', 'copy', '-flush_packets', '1', '-f', 'framehash', '-hash', HASH, '-y', file],
];

const seconds = (time: number): string => time.toFixed(6);
const decimal = (microseconds: number): string => (microseconds / 1e6).toFixed(6);
const halfFrame = (rate: Segmenting['rate']): number => Math.floor(500_000 / toNumber(rate));
