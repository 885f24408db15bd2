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
import { decodeChecks, decodeSame } from './decode.js';
import { type FramePlaces, placesAtRate, placesAtTimes } from './frame-places.js';
import { pictureChecks } from './pictures.js';
import type { ValidationCheck, ValidationReport } from './report.js';

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
  // Most of each run of FFmpeg is its beginning: the frames are decoded while the header is read.
  const likely = likelyPlaces(master);
  const decode = (places: FramePlaces, until = signal) => decodeChecks(toolchain, { file, places, signal: until });
  const early = likely === undefined ? undefined : begin(signal, (until) => decode(likely, until));
  try {
    const proxy = await probeMedia(toolchain, file, { signal, count: true });
    const checks = compareMedia(master, proxy, recipe.expect);
    const video = pictureOf(proxy);
    const places = video === undefined ? undefined : await placesOf(toolchain, file, proxy, video, signal);
    if (places === undefined || video === undefined) return reportOf(checks);
    const isEarly = early !== undefined && likely !== undefined && decodeSame(likely, places);
    checks.push(...(isEarly ? await early.result : await decode(places)));
    const original = pictureOf(master);
    if (pictures !== undefined && places.frames === original?.frames) {
      const { masterFile, samples } = pictures;
      const { fragmented } = master;
      const compared = { file: masterFile, video: original, fragmented, shown: recipe.look?.filter };
      checks.push(
        ...(await pictureChecks(toolchain, { master: compared, proxy: { file, video }, places, samples, signal })),
      );
    }
    return reportOf(checks);
  } finally {
    await early?.stop();
  }
}

const reportOf = (checks: readonly ValidationCheck[]): ValidationReport => ({
  ok: checks.every((check) => check.ok),
  checks,
});

/** Where the frames of an equal proxy lie; what is found there counts only if they lie there. */
function likelyPlaces(master: MediaInfo): FramePlaces | undefined {
  const video = pictureOf(master);
  return video === undefined || video.ownTimes !== undefined ? undefined : placesOfConstantRate(master, video);
}

/** Undefined for a file without a frame. */
async function placesOf(
  toolchain: Toolchain,
  file: RealPath,
  media: MediaInfo,
  video: VideoStream,
  signal: AbortSignal | undefined,
): Promise<FramePlaces | undefined> {
  const { ownTimes } = video;
  const regular = placesOfConstantRate(media, video);
  if (regular === undefined || ownTimes === undefined) return regular;
  return placesAtTimes(await shownTimes(toolchain, file, video, { signal }), ownTimes.clock, earliestStart(media));
}

function placesOfConstantRate(
  media: MediaInfo,
  { frames, frameRate, startTime }: VideoStream,
): FramePlaces | undefined {
  if (frames === undefined || frames === 0 || frameRate === undefined) return undefined;
  return placesAtRate(frames, frameRate, subtract(startTime ?? rational(0), earliestStart(media)));
}

interface Begun<T> {
  readonly result: Promise<T>;
  /** It has ended when this settles. */
  readonly stop: () => Promise<void>;
}

/** Before it is known whether it is wanted: its failure is one only for who asks for the result. */
function begin<T>(signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Begun<T> {
  const controller = new AbortController();
  const result = run(signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]));
  const ended = Promise.allSettled([result]);
  const stop = async () => {
    controller.abort();
    await ended;
  };
  return { result, stop };
}
