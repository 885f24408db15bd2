/**
 * Reads a finished proxy back and compares it with its master. FFmpeg's exit code, its
 * log and the header are not evidence. Holds no state; any number may run.
 */

import type { RealPath } from '../base/paths.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { shownTimes } from '../probe/frame-count.js';
import type { MediaInfo, VideoStream } from '../probe/media-info.js';
import { probeMedia } from '../probe/probe.js';
import type { Recipe } from '../profiles/recipe.js';
import { rational, subtract } from '../time/rational.js';
import { compareMedia, earliestStart, pictureOf } from './compare.js';
import { decodeChecks } from './decode.js';
import { type FramePlaces, placesAtRate, placesAtTimes } from './frame-places.js';
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
  const places = video === undefined ? undefined : await placesOf(toolchain, file, proxy, video, signal);
  if (places !== undefined) {
    checks.push(...(await decodeChecks(toolchain, { file, places, signal })));
    const original = pictureOf(master);
    if (pictures !== undefined && video !== undefined && places.frames === original?.frames) {
      const { masterFile, samples } = pictures;
      const { fragmented } = master;
      const compared = { file: masterFile, video: original, fragmented, shown: recipe.look?.filter };
      checks.push(
        ...(await pictureChecks(toolchain, { master: compared, proxy: { file, video }, places, samples, signal })),
      );
    }
  }
  return { ok: checks.every((check) => check.ok), checks };
}

/** Undefined for a file without a frame. */
async function placesOf(
  toolchain: Toolchain,
  file: RealPath,
  media: MediaInfo,
  video: VideoStream,
  signal: AbortSignal | undefined,
): Promise<FramePlaces | undefined> {
  const { frames, frameRate, ownTimes, startTime } = video;
  if (frames === undefined || frames === 0 || frameRate === undefined) return undefined;
  const origin = earliestStart(media);
  if (ownTimes === undefined) return placesAtRate(frames, frameRate, subtract(startTime ?? rational(0), origin));
  return placesAtTimes(await shownTimes(toolchain, file, video, { signal }), ownTimes.clock, origin);
}
