/**
 * Reads a finished proxy back and compares it with its master. FFmpeg's exit code, its
 * log and the header are not evidence. Holds no state; any number may run.
 */

import type { RealPath } from '../base/paths.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { MediaInfo } from '../probe/media-info.js';
import { probeMedia } from '../probe/probe.js';
import type { Recipe } from '../profiles/recipe.js';
import { compareMedia } from './compare.js';
import { decodeChecks } from './decode.js';
import type { ValidationReport } from './report.js';

export interface ValidationInput {
  /** Probed with its frames counted. */
  readonly master: MediaInfo;
  readonly proxyFile: RealPath;
  readonly recipe: Recipe;
  readonly signal?: AbortSignal | undefined;
}

/** A proxy that does not match is a report that is not `ok`; an unreadable one throws 'ffprobe/failed'. */
export async function validateProxy(toolchain: Toolchain, input: ValidationInput): Promise<ValidationReport> {
  const { master, proxyFile: file, recipe, signal } = input;
  const proxy = await probeMedia(toolchain, file, { signal, count: true });
  const checks = compareMedia(master, proxy, recipe.expect);
  const video = proxy.streams.find((stream) => stream.kind === 'video');
  if (video?.frames !== undefined && video.frames > 0 && video.frameRate !== undefined) {
    checks.push(...(await decodeChecks(toolchain, { file, frames: video.frames, rate: video.frameRate, signal })));
  }
  return { ok: checks.every((check) => check.ok), checks };
}
