/** The FFmpeg arguments for segments and for their join. Pure. */

import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import type { Segmenting } from '../profiles/recipe.js';
import { toNumber } from '../time/rational.js';
import { microsecondsAt, type Segment } from './bounds.js';

/** Decoding begins so many seconds before the first frame that is wanted, at a key frame. */
const RUN_UP = 1;
/** Frames are decoded in another order than they are shown. */
const RUN_OUT = 2;

/**
 * Two files: the encoded segment with its lead, and the hashes of the master's packets that it
 * was made from. Frames are chosen by their time, half a frame around where a constant rate has
 * them: where that is not so, their number is wrong and the segment is refused.
 */
export function encodeArguments(
  segmenting: Segmenting,
  segment: Segment,
  files: { readonly master: RealPath; readonly output: RealPath; readonly source: RealPath },
): string[] {
  const { encode, filters, stream } = segmenting;
  const { begin, end } = timesOf(segmenting, segment);
  const first = segment.from - segment.lead === 0 ? '' : `start=${seconds(begin)}:`;
  return [
    ...inputArguments(segmenting, segment, files.master),
    ...['-map', `0:${stream}`, '-filter:v:0', `trim=${first}end=${seconds(end)},${filters}`],
    ...encode.flatMap(({ words }) => words),
    ...['-y', fileArgument(files.output)],
    ...sourceHashes(segmenting, segment, files.source),
  ];
}

/** Only the hashes of the master's packets, as the encode of the segment writes them. */
export function sourceArguments(
  segmenting: Segmenting,
  segment: Segment,
  files: { readonly master: RealPath; readonly source: RealPath },
): string[] {
  return [...inputArguments(segmenting, segment, files.master), ...hashOutput(`0:${segmenting.stream}`, files.source)];
}

/** The hash of each frame of a file as it is stored. */
export function frameHashArguments(file: RealPath, output: RealPath): string[] {
  return ['-i', fileArgument(file), ...hashOutput('0:v:0', output)];
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
): string[] {
  return [
    ...['-noautorotate', '-i', fileArgument(files.master)],
    ...concatInput(files.list),
    ...join.flatMap(({ words }) => words),
    ...['-y', fileArgument(files.output)],
  ];
}

/** Packets stay as they are: no conversion between the forms of H.264. */
export function concatInput(list: RealPath): string[] {
  const options = ['-auto_convert', '0', '-safe', '0', '-protocol_whitelist', 'file'];
  return ['-f', 'concat', ...options, '-i', fileArgument(list)];
}

/** Half a frame before the first and behind the last frame, in seconds of the master. */
export function timesOf({ rate, start }: Segmenting, { from, to, lead }: Segment): { begin: number; end: number } {
  const [fps, zero] = [toNumber(rate), toNumber(start)];
  return { begin: zero + (from - lead - 0.5) / fps, end: zero + (to - 0.5) / fps };
}

function inputArguments(segmenting: Segmenting, segment: Segment, master: RealPath): string[] {
  const { begin } = timesOf(segmenting, segment);
  const isFirst = segment.from - segment.lead === 0;
  return [
    ...['-copyts', '-seek_timestamp', '1', '-noaccurate_seek'],
    ...(isFirst ? [] : ['-ss', seconds(begin - RUN_UP)]),
    ...['-noautorotate', '-i', fileArgument(master)],
  ];
}

/** Ends by a time of the output: the input's would count from the key frame that a seek leads to. */
function sourceHashes(segmenting: Segmenting, segment: Segment, file: RealPath): string[] {
  const { end } = timesOf(segmenting, segment);
  return ['-to', seconds(end + RUN_OUT), ...hashOutput(`0:${segmenting.stream}`, file)];
}

const hashOutput = (stream: string, file: RealPath): string[] => [
  ...['-map', stream, '-c', 'copy', '-f', 'framehash', '-hash', 'murmur3', '-y', fileArgument(file)],
];

const seconds = (time: number): string => time.toFixed(6);
const decimal = (microseconds: number): string => (microseconds / 1e6).toFixed(6);
const halfFrame = (rate: Segmenting['rate']): number => Math.floor(500_000 / toNumber(rate));
