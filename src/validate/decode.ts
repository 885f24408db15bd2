/** Decodes a few frames of a finished file: the header is no evidence that there is a picture. */

import type { RealPath } from '../base/paths.js';
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
  const { decoded, words } = await decode(toolchain, target, numbers);
  if (decoded === frames.length && words.length === 0) return frames.map(([, name]) => checkOf(name, 'one frame'));
  return await Promise.all(frames.map(([frame, name]) => decodeFrame(toolchain, target, frame, name)));
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

async function decodeFrame(
  toolchain: Toolchain,
  target: DecodeTarget,
  frame: number,
  name: string,
): Promise<ValidationCheck> {
  const { decoded, words } = await decode(toolchain, target, [frame]);
  const ok = decoded === 1 && words.length === 0;
  return checkOf(name, ok ? 'one frame' : (words.at(-1) ?? `${decoded} frames`));
}

function checkOf(name: string, found: string): ValidationCheck {
  const expected = 'one frame';
  return { field: `video decodes the ${name} frame`, expected, found, ok: found === expected };
}

/** How many of them decoded, and what the decoder said. */
async function decode(toolchain: Toolchain, target: DecodeTarget, frames: readonly number[]) {
  let decoded = 0;
  const { lastLines } = await runFfmpeg(toolchain, decodeArguments(target, frames), {
    signal: target.signal,
    stallMs: 60_000,
    onProgress: (progress) => {
      decoded = progress.frame;
    },
  }).catch(wordsOfFailure);
  return { decoded, words: lastLines };
}

/** A frame that does not decode is a finding; an FFmpeg that is missing, or did not come to its own end, is not. */
function wordsOfFailure(thrown: unknown): { lastLines: string[] } {
  if (!isVerdict(thrown)) throw thrown;
  return { lastLines: [thrown.message] };
}

function decodeArguments({ file, places }: DecodeTarget, frames: readonly number[]): string[] {
  // One thread: to start others costs more than the frame.
  const reading = ['-threads', '1', '-an', '-sn', '-dn'];
  const inputs = frames.flatMap((frame) => [...reading, '-ss', places.seek(frame), '-i', fileArgument(file)]);
  const firsts = frames.map((_, input) => `[${input}:v:0]trim=end_frame=1[f${input}]`);
  const all = frames.map((_, input) => `[f${input}]`).join('');
  return [
    ...['-loglevel', 'error', '-xerror', ...inputs],
    ...['-filter_complex', `${firsts.join(';')};${all}concat=n=${frames.length}[frames]`],
    ...['-map', '[frames]', '-fps_mode', 'passthrough', '-f', 'null', '-'],
  ];
}
