/**
 * The stricter check: the pictures themselves. Sampled frames of the proxy are compared
 * with the master's frames of the same number and with their neighbours, so that a proxy
 * that is off by a frame, green, black or of other colours is caught where every header agrees.
 *
 * A master that its storage does not give is no evidence against the proxy: FFmpeg passes over what
 * it cannot read and ends well, so the master is read before a proxy is blamed.
 *
 * Costs one run of FFmpeg a sample, and no file. Any number may run.
 */

import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { isVerdict } from '../ffmpeg/verdict.js';
import { readFault } from '../fingerprint/read-fault.js';
import type { VideoStream } from '../probe/media-info.js';
import { readingWords } from '../profiles/look-filter.js';
import type { FramePlaces } from './frame-places.js';
import { judgePictures, PICTURE_BYTES, PICTURE_HEIGHT, PICTURE_WIDTH } from './judge-pictures.js';
import type { ValidationCheck } from './report.js';

export interface ComparedFile {
  readonly file: RealPath;
  /** The stream whose pictures are compared: its matrix and range say what the samples mean. */
  readonly video: VideoStream;
  /** FFmpeg may seek past a frame in fragments: it is looked for from further ahead. */
  readonly fragmented?: boolean | undefined;
  /** Filters that show the picture as the other file has to show it: a look. */
  readonly shown?: string | undefined;
}

export interface PictureTarget {
  readonly master: ComparedFile;
  readonly proxy: ComparedFile;
  /** Equal in both. */
  readonly places: FramePlaces;
  /** Frames to look at, spread over the clip. */
  readonly samples: number;
  readonly signal?: AbortSignal | undefined;
}

/** Longer than the fragments that recorders write. */
const FRAGMENT_SECONDS = 10;

/** Throws 'source/failing', with the errno in its details, when the storage of the master answers with errors. */
export async function pictureChecks(toolchain: Toolchain, target: PictureTarget): Promise<ValidationCheck[]> {
  const checks: ValidationCheck[] = [];
  for (const frame of sampleFrames(target.places.frames, target.samples)) {
    checks.push(await checkFrame(toolchain, target, frame));
  }
  if (checks.some(({ ok }) => !ok)) await assertMasterReads(target);
  return checks;
}

/** All of it: a bad place is as long as a few frames. */
async function assertMasterReads({ master, signal }: PictureTarget): Promise<void> {
  const errno = await readFault(master.file, { all: true, signal });
  if (errno === undefined) return;
  throw new ProxyfsError('source/failing', `the storage of the master answers with errors (${errno})`, {
    details: { errno },
  });
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
  const first = Math.max(0, frame - 1);
  const extracted = await extract(toolchain, target, { frame, first });
  const found =
    typeof extracted === 'string' ? extracted : judgePictures(extracted.copy, extracted.originals, frame - first);
  return { field, expected, found: found ?? expected, ok: found === undefined };
}

interface Extraction {
  readonly frame: number;
  /** The first of up to three frames of the master. */
  readonly first: number;
}

interface Extracted {
  readonly copy: Uint8Array | undefined;
  readonly originals: readonly Uint8Array[];
}

/** Both clips are read in one run, by pipes: no disk has to have room. Returns FFmpeg's words when it fails. */
async function extract(
  toolchain: Toolchain,
  target: PictureTarget,
  { frame, first }: Extraction,
): Promise<Extracted | string> {
  const ahead = (compared: ComparedFile, at: number) => {
    const seconds = Number(target.places.seek(at));
    return compared.fragmented === true ? Math.min(seconds, FRAGMENT_SECONDS) : 0;
  };
  const input = (compared: ComparedFile, at: number) => {
    const from = Number(target.places.seek(at)) - ahead(compared, at);
    return ['-noautorotate', '-ss', from.toFixed(6), '-i', fileArgument(compared.file)];
  };
  const output = (compared: ComparedFile, index: number, at: number, count: number) => [
    ...(ahead(compared, at) === 0 ? [] : ['-ss', ahead(compared, at).toFixed(6)]),
    ...['-map', `${index}:${compared.video.index}`, '-frames:v', String(count), '-fps_mode', 'passthrough'],
    ...['-vf', smallPicture(compared), '-f', 'rawvideo', `pipe:${3 + index}`],
  ];
  const args = [
    ...['-loglevel', 'error', ...input(target.proxy, frame), ...input(target.master, first)],
    ...output(target.proxy, 0, frame, 1),
    ...output(target.master, 1, first, frame - first + 2),
  ];
  try {
    const { piped } = await runFfmpeg(toolchain, args, { signal: target.signal, stallMs: 60_000, pipes: 2 });
    const [[copy], originals] = [picturesIn(piped[0]), picturesIn(piped[1])];
    return { copy, originals };
  } catch (error) {
    if (!isVerdict(error)) throw error;
    return error.message;
  }
}

/** Both files become RGB by what they say of themselves: a wrong matrix or range is another colour. */
function smallPicture({ video, shown }: ComparedFile): string {
  const size = `scale=${PICTURE_WIDTH}:${PICTURE_HEIGHT}:flags=area`;
  return shown === undefined
    ? `${[size, ...readingWords(video)].join(':')},format=rgb24`
    : `${shown},${size},format=rgb24`;
}

function picturesIn(bytes: Buffer = Buffer.alloc(0)): readonly Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / PICTURE_BYTES) }, (_, index) =>
    bytes.subarray(index * PICTURE_BYTES, (index + 1) * PICTURE_BYTES),
  );
}
