/**
 * From a master and a recipe to a finished file that has been compared with its master:
 * encode, finish, read back. Mounts and jobs make their proxies with this.
 *
 * Promises: FFmpeg's exit code, its log and its header count for nothing, only the
 * finished file does. Where the file lies and what becomes of it is the caller's
 * business, also after a failure. Concurrency: any number of calls for different files.
 */

import { basename, dirname } from 'node:path';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { type RunResult, runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { isVerdict } from '../ffmpeg/verdict.js';
import type { MediaInfo } from '../probe/media-info.js';
import { ffmpegArguments } from '../profiles/command.js';
import type { Recipe } from '../profiles/recipe.js';
import type { ValidationReport } from '../validate/report.js';
import { validateProxy } from '../validate/validate.js';
import { finishProxy } from './finish.js';

export interface Encoding {
  readonly master: RealPath;
  /** The master, with its frames counted. */
  readonly media: MediaInfo;
  readonly recipe: Recipe;
  /** What an MXF file takes its identity from. */
  readonly poolKey: PoolKey;
  readonly output: RealPath;
  /** FFmpeg runs in the folder of the output and is given its bare name: the command is the same wherever that is. */
  readonly relative?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EncodeProgress) => void;
  /** How long FFmpeg may make no progress; its own default when undefined. */
  readonly stallMs?: number | undefined;
  /** How many frames are compared as pictures; none when undefined. */
  readonly pictureChecks?: number | undefined;
}

/** Rejects with the error of FFmpeg or `job/cancelled`; what it left is the caller's to remove. */
export async function encode(toolchain: Toolchain, encoding: Encoding): Promise<RunResult> {
  const { master, recipe, output, relative, signal, onProgress, stallMs } = encoding;
  const [directory, name] = relative ? [dirname(output), basename(output) as RealPath] : [undefined, output];
  const args = ffmpegArguments(recipe, master, name);
  return await runFfmpeg(toolchain, args, { signal, onProgress, polite: true, stallMs, directory });
}

/**
 * Finishes the file and reads it back. One that is not there or cannot be read is a rejection like any other.
 * `alongside` is done with the finished file meanwhile.
 */
export async function finishAndReadBack(
  toolchain: Toolchain,
  encoding: Encoding,
  alongside: () => Promise<void> = async () => {},
): Promise<ValidationReport> {
  const { master, media, recipe, poolKey, output, signal } = encoding;
  try {
    await finishProxy(output, { master, media, recipe, poolKey, signal });
    const samples = encoding.pictureChecks ?? 0;
    const pictures = samples === 0 ? undefined : { masterFile: master, samples };
    const validation = validateProxy(toolchain, { master: media, proxyFile: output, recipe, pictures, signal });
    const [report] = await Promise.all([validation, alongside()]);
    return report;
  } catch (error) {
    const found = whatIsWrong(error);
    if (signal.aborted || found === undefined) throw error;
    return { ok: false, checks: [{ field: 'finished file', expected: 'a readable proxy', found, ok: false }] };
  }
}

/** undefined: the reader was in trouble, not the file. */
function whatIsWrong(error: unknown): string | undefined {
  if (errnoOf(error) === 'ENOENT') return 'no file';
  if (!(error instanceof ProxyfsError)) return undefined;
  if (error.code === 'path/missing') return 'no file';
  if (error.code === 'pool/damaged' || error.code === 'generate/segments') return error.message;
  return error.code === 'ffprobe/garbage' || isVerdict(error) ? error.message : undefined;
}
