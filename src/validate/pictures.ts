/**
 * The stricter check: the pictures themselves. Sampled frames of the proxy are compared
 * with the master's frames of the same number and with their neighbours, so that a proxy
 * that is off by a frame, green or black is caught where every header agrees.
 *
 * Costs one run of FFmpeg a sample. Any number may run; each has a folder of its own.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { FramePlaces } from './frame-places.js';
import type { ValidationCheck } from './report.js';

export interface PictureTarget {
  readonly master: RealPath;
  readonly proxy: RealPath;
  /** Equal in both. */
  readonly places: FramePlaces;
  /** Frames to look at, spread over the clip. */
  readonly samples: number;
  readonly signal?: AbortSignal | undefined;
}

/** Small enough to compare at once, large enough that a moved picture is another one. */
const WIDTH = 160;
const HEIGHT = 90;
const FRAME_BYTES = WIDTH * HEIGHT;
/** Proxy codecs stay above 30 dB at this size; another picture stays below 20. */
const LEAST_DECIBELS = 22;
/** By how much a neighbour must fit better before the proxy is off by a frame: still pictures fit alike. */
const MARGIN_DECIBELS = 1;

export async function pictureChecks(toolchain: Toolchain, target: PictureTarget): Promise<ValidationCheck[]> {
  const checks: ValidationCheck[] = [];
  for (const frame of sampleFrames(target.places.frames, target.samples)) {
    checks.push(await checkFrame(toolchain, target, frame));
  }
  return checks;
}

/** Evenly spread, first and last included. */
export function sampleFrames(frames: number, samples: number): number[] {
  const steps = Math.max(1, Math.min(samples, frames) - 1);
  const places = Array.from({ length: steps + 1 }, (_, index) => Math.round((index * (frames - 1)) / steps));
  return [...new Set(places)];
}

async function checkFrame(toolchain: Toolchain, target: PictureTarget, frame: number): Promise<ValidationCheck> {
  const field = `picture of frame ${frame}`;
  const expected = 'that of the master';
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-pictures-'));
  try {
    const first = Math.max(0, frame - 1);
    const files = { proxy: join(directory, 'proxy') as RealPath, master: join(directory, 'master') as RealPath };
    const said = await extract(toolchain, target, { frame, first, files });
    const [copy, originals] = [await readFrames(files.proxy), await readFrames(files.master)];
    const found = said ?? judgePictures(copy[0], originals, frame - first);
    return { field, expected, found: found ?? expected, ok: found === undefined };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * What is wrong with a picture, undefined when nothing is. `originals` are the master's
 * frames around it, `own` the place among them of the frame with the same number. Pure.
 */
export function judgePictures(
  copy: Uint8Array | undefined,
  originals: readonly Uint8Array[],
  own: number,
): string | undefined {
  const original = originals[own];
  if (copy === undefined || original === undefined) return `no picture in the ${copy ? 'master' : 'proxy'}`;
  const fits = originals.map((picture) => decibels(copy, picture));
  const fit = fits[own] ?? 0;
  const best = fits.indexOf(Math.max(...fits));
  if ((fits[best] ?? 0) > fit + MARGIN_DECIBELS) {
    return `that of the frame ${best < own ? 'before' : 'after'} (${fits[best]?.toFixed(1)} dB, not ${fit.toFixed(1)} dB)`;
  }
  return fit >= LEAST_DECIBELS ? undefined : `another picture (${fit.toFixed(1)} dB)`;
}

/** Peak signal-to-noise ratio, 100 for equal pictures. */
function decibels(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < FRAME_BYTES; at++) sum += ((a[at] ?? 0) - (b[at] ?? 0)) ** 2;
  return sum === 0 ? 100 : Math.min(100, 10 * Math.log10((255 * 255 * FRAME_BYTES) / sum));
}

interface Extraction {
  readonly frame: number;
  /** The first of up to three frames of the master. */
  readonly first: number;
  readonly files: { readonly proxy: RealPath; readonly master: RealPath };
}

/** Both clips are read in one run; returns FFmpeg's words when it fails. */
async function extract(
  toolchain: Toolchain,
  target: PictureTarget,
  { frame, first, files }: Extraction,
): Promise<string | undefined> {
  const input = (file: RealPath, at: number) => [
    ...['-noautorotate', '-ss', target.places.seek(at), '-i', fileArgument(file)],
  ];
  const output = (index: number, count: number, file: RealPath) => [
    ...['-map', `${index}:v:0`, '-frames:v', String(count), '-fps_mode', 'passthrough'],
    ...['-vf', `scale=${WIDTH}:${HEIGHT}:flags=area,format=gray`, '-f', 'rawvideo', '-y', fileArgument(file)],
  ];
  const args = [
    ...['-loglevel', 'error', ...input(target.proxy, frame), ...input(target.master, first)],
    ...output(0, 1, files.proxy),
    ...output(1, frame - first + 2, files.master),
  ];
  try {
    await runFfmpeg(toolchain, args, { signal: target.signal, stallMs: 60_000 });
    return undefined;
  } catch (thrown) {
    const error = toProxyfsError(thrown);
    if (error.code !== 'ffmpeg/failed' && error.code !== 'ffmpeg/stalled') throw error;
    return error.message;
  }
}

async function readFrames(file: RealPath): Promise<Uint8Array[]> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  return Array.from({ length: Math.floor(bytes.length / FRAME_BYTES) }, (_, index) =>
    bytes.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES),
  );
}
