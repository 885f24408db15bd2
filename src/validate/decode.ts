/** Decodes a few frames of a finished file: the header is no evidence that there is a picture. */

import type { RealPath } from '../base/paths.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { isVerdict } from '../ffmpeg/verdict.js';
import type { FramePlaces } from './frame-places.js';
import type { ValidationCheck } from './report.js';

export interface DecodeTarget {
  readonly file: RealPath;
  readonly places: FramePlaces;
  readonly signal?: AbortSignal | undefined;
}

/** The first, the middle and the last frame: each must decode without a word from the decoder. */
export async function decodeChecks(toolchain: Toolchain, target: DecodeTarget): Promise<ValidationCheck[]> {
  const frames = checkedFrames(target.places);
  const numbers = frames.map(([frame]) => frame);
  // In one run, most of which is its beginning; which of them it was is asked only if one does not decode.
  const all = await decode(toolchain, target, numbers);
  if (all.failure === undefined && all.decoded === frames.length && all.words.length === 0) {
    return frames.map(([, name]) => checkOf(name, 'one frame'));
  }
  const opening = await run(toolchain, target, openingArguments(target));
  return await Promise.all(
    frames.map(async ([frame, name]) => {
      const alone = await decode(toolchain, target, [frame]);
      return checkOf(name, whatDecoded(alone, frame === 0 ? 0 : opening.words.length));
    }),
  );
}

/** Whether the checks look for the same frames at the same places in both. */
export function decodeSame(one: FramePlaces, other: FramePlaces): boolean {
  if (one.frames !== other.frames) return false;
  return checkedFrames(one).every(([frame]) => one.seek(frame) === other.seek(frame));
}

/** Of a clip of one or two frames each is looked at once. */
function checkedFrames({ frames }: FramePlaces): [number, string][] {
  const places = new Map([
    [0, 'first'],
    [Math.floor(frames / 2), 'middle'],
    [frames - 1, 'last'],
  ]);
  return [...places];
}

/** Whichever frame is asked for, FFmpeg decodes the first one to know the file: what it says then is not the other's. */
function whatDecoded({ failure, words, decoded }: Decoded, wordsOfFirst: number): string {
  return failure ?? words.slice(wordsOfFirst).at(-1) ?? (decoded === 1 ? 'one frame' : `${decoded} frames`);
}

function checkOf(name: string, found: string): ValidationCheck {
  const expected = 'one frame';
  return { field: `video decodes the ${name} frame`, expected, found, ok: found === expected };
}

interface Decoded {
  readonly decoded: number;
  /** What the decoder said. */
  readonly words: readonly string[];
  /** Why FFmpeg gave up. */
  readonly failure?: string;
}

const decode = (toolchain: Toolchain, target: DecodeTarget, frames: readonly number[]): Promise<Decoded> =>
  run(toolchain, target, decodeArguments(target, frames));

/** A frame that does not decode is a finding; an FFmpeg that is missing, or did not come to its own end, is not. */
async function run(toolchain: Toolchain, { signal }: DecodeTarget, args: readonly string[]): Promise<Decoded> {
  let decoded = 0;
  const onProgress = ({ frame }: EncodeProgress) => {
    decoded = frame;
  };
  try {
    const { lastLines } = await runFfmpeg(toolchain, args, { signal, stallMs: 60_000, onProgress });
    return { decoded, words: lastLines };
  } catch (error) {
    if (!isVerdict(error)) throw error;
    return { decoded, words: [], failure: error.message };
  }
}

// One thread: to start others costs more than the frame.
const READING = ['-threads', '1', '-an', '-sn', '-dn'];
const STRICT = ['-loglevel', 'error', '-xerror'];

/** Reads what every run reads, and decodes nothing more. */
function openingArguments({ file }: DecodeTarget): string[] {
  return [...STRICT, ...READING, '-i', fileArgument(file), '-map', '0:v:0', '-c', 'copy', '-t', '0', '-f', 'null', '-'];
}

function decodeArguments({ file, places }: DecodeTarget, frames: readonly number[]): string[] {
  const inputs = frames.flatMap((frame) => [...READING, '-ss', places.seek(frame), '-i', fileArgument(file)]);
  const firsts = frames.map((_, input) => `[${input}:v:0]trim=end_frame=1[f${input}]`);
  const all = frames.map((_, input) => `[f${input}]`).join('');
  return [
    ...[...STRICT, ...inputs],
    ...['-filter_complex', `${firsts.join(';')};${all}concat=n=${frames.length}[frames]`],
    ...['-map', '[frames]', '-fps_mode', 'passthrough', '-f', 'null', '-'],
  ];
}
