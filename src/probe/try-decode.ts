/** Finds out whether this FFmpeg decodes a file's picture: by decoding its first frame. */

import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { isVerdict } from '../ffmpeg/verdict.js';

const PATIENCE_MS = 30_000;

/**
 * What stood in the way, in FFmpeg's words; undefined when a frame came out. Throws 'job/cancelled'.
 *
 * A run that crashes, hangs or is killed is tried once more: only the second time it is the file's doing.
 */
export async function tryDecode(
  toolchain: Toolchain,
  file: RealPath,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (let isLast = false; ; isLast = true) {
    try {
      return await decodeOne(toolchain, file, signal);
    } catch (error) {
      if (!isOfFfmpeg(error) || signal?.aborted) throw error;
      if (isLast || isVerdict(error)) return wordsOf(error, file);
    }
  }
}

async function decodeOne(toolchain: Toolchain, file: RealPath, signal?: AbortSignal): Promise<string | undefined> {
  let decoded = 0;
  const args = ['-loglevel', 'error', '-i', fileArgument(file), '-map', '0:v:0', '-frames:v', '1', '-f', 'null', '-'];
  const { lastLines } = await runFfmpeg(toolchain, args, {
    signal,
    stallMs: PATIENCE_MS,
    polite: false,
    onProgress: ({ frame }) => {
      decoded = frame;
    },
  });
  return decoded > 0 ? undefined : (lastLines.at(-1) ?? 'no frame came out');
}

function isOfFfmpeg(error: unknown): error is ProxyfsError {
  return error instanceof ProxyfsError && (error.code === 'ffmpeg/failed' || error.code === 'ffmpeg/stalled');
}

/** The last words, without the path. */
function wordsOf(error: ProxyfsError, file: RealPath): string {
  const lines = error.details['lastLines'];
  const said: unknown = Array.isArray(lines) ? lines.at(-1) : undefined;
  const words = typeof said === 'string' ? said : error.message;
  return words.replaceAll(fileArgument(file), 'the file').replaceAll(file, 'the file');
}
