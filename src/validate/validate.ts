/**
 * Reads a finished proxy back and compares it with its master. FFmpeg's exit code, its
 * log and the header are not evidence. Holds no state; any number may run.
 */

import type { RealPath } from '../base/paths.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { MediaInfo, VideoStream } from '../probe/media-info.js';
import { probeMedia } from '../probe/probe.js';
import type { Recipe } from '../profiles/recipe.js';
import { type Rational, rational, subtract } from '../time/rational.js';
import { compareMedia, earliestStart, pictureOf } from './compare.js';
import { decodeChecks } from './decode.js';
import { pictureChecks } from './pictures.js';
import type { ValidationReport } from './report.js';

export interface ValidationInput {
  /** Probed with its frames counted. */
  readonly master: MediaInfo;
  readonly proxyFile: RealPath;
  readonly recipe: Recipe;
  /** The stricter check: the pictures of so many frames are compared with those of this file. */
  readonly pictures?: { readonly masterFile: RealPath; readonly samples: number } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A proxy that does not match is a report that is not `ok`; an unreadable one throws 'ffprobe/failed'. */
export async function validateProxy(toolchain: Toolchain, input: ValidationInput): Promise<ValidationReport> {
  const { master, proxyFile: file, recipe, pictures, signal } = input;
  const proxy = await probeMedia(toolchain, file, { signal, count: true });
  const checks = compareMedia(master, proxy, recipe.expect);
  const video = pictureOf(proxy);
  if (video?.frames !== undefined && video.frames > 0 && video.frameRate !== undefined) {
    const { frames, frameRate: rate } = video;
    checks.push(...(await decodeChecks(toolchain, { file, frames, rate, lead: leadOf(proxy, video), signal })));
    if (pictures !== undefined && frames === pictureOf(master)?.frames) {
      const { masterFile, samples } = pictures;
      const lead = leadOf(proxy, video);
      const target = { master: masterFile, proxy: file, frames, rate, lead, samples, signal };
      checks.push(...(await pictureChecks(toolchain, target)));
    }
  }
  return { ok: checks.every((check) => check.ok), checks };
}

/** Seconds from the beginning of the file to its first picture. */
function leadOf(media: MediaInfo, video: VideoStream): Rational {
  return subtract(video.startTime ?? rational(0), earliestStart(media));
}
