/** Finds out whether this FFmpeg decodes a file's picture: by decoding its first frame. */

import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';

const PATIENCE_MS = 30_000;

/** What stood in the way, in FFmpeg's words; undefined when a frame came out. Throws 'job/cancelled'. */
export async function tryDecode(
  toolchain: Toolchain,
  file: RealPath,
  signal?: AbortSignal,
): Promise<string | undefined> {
  let decoded = 0;
  const args = ['-loglevel', 'error', '-i', fileArgument(file), '-map', '0:v:0', '-frames:v', '1', '-f', 'null', '-'];
  try {
    const { lastLines } = await runFfmpeg(toolchain, args, {
      signal,
      stallMs: PATIENCE_MS,
      polite: false,
      onProgress: ({ frame }) => {
        decoded = frame;
      },
    });
    return decoded > 0 ? undefined : (lastLines.at(-1) ?? 'no frame came out');
  } catch (error) {
    if (!(error instanceof ProxyfsError) || signal?.aborted) throw error;
    if (error.code !== 'ffmpeg/failed' && error.code !== 'ffmpeg/stalled') throw error;
    return withoutPath(lastLineOf(error), file);
  }
}

function lastLineOf(error: ProxyfsError): string {
  const lines = error.details['lastLines'];
  const said: unknown = Array.isArray(lines) ? lines.at(-1) : undefined;
  return typeof said === 'string' ? said : error.message;
}

function withoutPath(text: string, file: RealPath): string {
  return text.replaceAll(fileArgument(file), 'the file').replaceAll(file, 'the file');
}
