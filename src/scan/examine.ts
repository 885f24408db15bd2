/**
 * Looks at one file: which content it is, what it contains, and whether it may have a proxy.
 *
 * A clip that cannot be read as media is a fact of the clip; a file that cannot be reached,
 * or a probe that was killed, is not: such a file stays `unknown` and is examined again.
 * Frames are counted where that is cheap; a large file that would have to be read from end
 * to end is counted when a proxy is asked for, and `unknown` until then.
 */

import { open } from 'node:fs/promises';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { Fingerprint } from '../base/ids.js';
import { extensionOf } from '../base/media-extension.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import { saysFailing } from '../base/storage-errors.js';
import type { AssetRow } from '../catalog/asset.js';
import type { AssetFacts } from '../catalog/catalog.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { fingerprintFile } from '../fingerprint/fingerprint.js';
import { readFault } from '../fingerprint/read-fault.js';
import { probeMedia } from '../probe/probe.js';
import { beginsAsMovie, lacksHeader } from '../probe/quicktime-boxes.js';
import { classify, classifyPath, classifyUnreadable } from '../view/eligibility.js';
import type { Eligibility } from '../view/servable.js';

export interface ExamineInput {
  readonly asset: AssetRow;
  /** The name under which it was found. */
  readonly path: VirtualPath;
  readonly real: RealPath;
  readonly signal: AbortSignal | undefined;
}

/** Rejects only when aborted, with `ffmpeg/missing`, or on an error of our own. */
export type Examine = (input: ExamineInput) => Promise<AssetFacts>;

/** QuickTime and MP4 say in their header where every frame is; other files have to be read. */
const COUNTED_FROM_HEADER: readonly string[] = ['.mov', '.mp4', '.m4v'];
/** What FFmpeg says of a movie without its header. */
const HEADLESS = 'moov atom not found';
/** Read from end to end within a second or two, also from a spinning disk. */
const READ_AT_MOST = 256n << 20n;
/** For a server that stopped answering: longer than any probe that does not read the whole file. */
const PROBE_TIMEOUT_MS = 10 * 60_000;

export interface ExamineOptions {
  /** Bytes of a file that is read from end to end to count its frames; default 256 MiB. */
  readonly readAtMost?: bigint | undefined;
}

export function createExamine(toolchain: Toolchain, options: ExamineOptions = {}): Examine {
  const readAtMost = options.readAtMost ?? READ_AT_MOST;
  return async (input) => {
    try {
      return await examine(toolchain, input, readAtMost);
    } catch (error) {
      if (input.signal?.aborted || !isOfTheWorld(error)) throw error;
      return unknown(`it could not be examined: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

/** Whether all that a scan looks for is known, although the verdict is still open. */
export function isExamined({ eligibility, fingerprint, media }: AssetRow): boolean {
  return eligibility.kind !== 'unknown' || (fingerprint !== undefined && media !== undefined);
}

async function examine(toolchain: Toolchain, input: ExamineInput, readAtMost: bigint): Promise<AssetFacts> {
  const { asset, path, real } = input;
  const fingerprint = asset.fingerprint ?? (await fingerprintFile(real));
  const refused = verdictOfNames(asset, path);
  if (refused !== undefined) return { fingerprint, media: asset.media, eligibility: refused };
  if (asset.media === undefined && (await isHeadless(input))) {
    return { fingerprint, media: undefined, eligibility: classifyUnreadable(Number(asset.master.size), HEADLESS) };
  }
  try {
    const media = asset.media ?? (await probe(toolchain, input, readAtMost));
    return { fingerprint, media, eligibility: classify(path, media) };
  } catch (error) {
    if (isUnreadable(error)) return await unreadable(input, fingerprint, error);
    throw error;
  }
}

/** Seen in a few bytes: a program for each of a thousand broken files takes minutes. */
async function isHeadless({ path, real }: ExamineInput): Promise<boolean> {
  if (!COUNTED_FROM_HEADER.includes(extensionOf(path))) return false;
  const file = await open(real);
  try {
    return await lacksHeader(file);
  } finally {
    await file.close();
  }
}

/** One file, one proxy: with several names the strictest verdict holds. */
function verdictOfNames(asset: AssetRow, path: VirtualPath): Eligibility | undefined {
  const verdicts = [path, ...asset.paths].map((name) => classifyPath(name));
  return verdicts.find((verdict) => verdict !== undefined);
}

function probe(toolchain: Toolchain, { asset, path, real, signal }: ExamineInput, readAtMost: bigint) {
  const count = COUNTED_FROM_HEADER.includes(extensionOf(path)) || asset.master.size <= readAtMost;
  return probeMedia(toolchain, real, { signal, count, timeoutMs: PROBE_TIMEOUT_MS });
}

/** ffprobe read the file and gave up on its content; it was not killed. */
function isUnreadable(error: unknown): error is ProxyfsError {
  if (!(error instanceof ProxyfsError)) return false;
  return (
    error.code === 'ffprobe/garbage' || (error.code === 'ffprobe/failed' && error.details['exitCode'] !== undefined)
  );
}

async function unreadable(
  { asset, real }: ExamineInput,
  fingerprint: Fingerprint,
  error: ProxyfsError,
): Promise<AssetFacts> {
  const lines = error.details['lastLines'];
  const words: unknown[] = Array.isArray(lines) ? lines : [];
  const fault = words.some((line) => typeof line === 'string' && saysFailing(line)) ? await readFault(real) : undefined;
  if (fault !== undefined) throw new ProxyfsError('system/io', `its storage answers with errors (${fault})`);
  // `Invalid data` comes last and says the least; of a file that is no movie at all it is the truth.
  const headless = words.find((line) => typeof line === 'string' && line.includes(HEADLESS));
  const last = headless !== undefined && (await isMovie(real)) ? headless : words.at(-1);
  // The path is known to whoever reads the reason.
  const said = typeof last === 'string' ? last.replace(`${fileArgument(real)}: `, '') : error.message;
  const eligibility = classifyUnreadable(Number(asset.master.size), said);
  return { fingerprint, media: undefined, eligibility };
}

async function isMovie(real: RealPath): Promise<boolean> {
  const file = await open(real);
  try {
    return await beginsAsMovie(file);
  } finally {
    await file.close();
  }
}

/** Errors of files, as opposed to mistakes of ours and to programs that cannot be started. */
function isOfTheWorld(error: unknown): boolean {
  if (!(error instanceof ProxyfsError)) return errnoOf(error) !== undefined;
  return error.code !== 'internal' && error.code !== 'ffmpeg/missing';
}

const unknown = (reason: string): AssetFacts => ({
  fingerprint: undefined,
  media: undefined,
  eligibility: { kind: 'unknown', reason },
});
