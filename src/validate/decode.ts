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
  const { frames } = target.places;
  const places = new Map([
    [0, 'first'],
    [Math.floor(frames / 2), 'middle'],
    [frames - 1, 'last'],
  ]);
  // Side by side: most of each run is its beginning.
  return await Promise.all([...places].map(([frame, name]) => decodeFrame(toolchain, target, frame, name)));
}

async function decodeFrame(
  toolchain: Toolchain,
  target: DecodeTarget,
  frame: number,
  name: string,
): Promise<ValidationCheck> {
  const field = `video decodes the ${name} frame`;
  let decoded = 0;
  const { lastLines } = await runFfmpeg(toolchain, decodeArguments(target, frame), {
    signal: target.signal,
    stallMs: 60_000,
    onProgress: (progress) => {
      decoded = progress.frame;
    },
  }).catch(wordsOfFailure);
  const ok = decoded === 1 && lastLines.length === 0;
  return { field, expected: 'one frame', found: ok ? 'one frame' : (lastLines.at(-1) ?? `${decoded} frames`), ok };
}

/** A frame that does not decode is a finding; an FFmpeg that is missing, or did not come to its own end, is not. */
function wordsOfFailure(thrown: unknown): { lastLines: string[] } {
  if (!isVerdict(thrown)) throw thrown;
  return { lastLines: [thrown.message] };
}

function decodeArguments(target: DecodeTarget, frame: number): string[] {
  return [
    // One thread: to start others costs more than the frame.
    ...['-loglevel', 'error', '-xerror', '-threads', '1', '-an', '-sn', '-dn'],
    ...['-ss', target.places.seek(frame), '-i', fileArgument(target.file)],
    ...['-map', '0:v:0', '-frames:v', '1', '-f', 'null', '-'],
  ];
}
