/**
 * Looks at one file: which content it is, what it contains, and whether it may have a proxy.
 *
 * A clip that cannot be read as media is a fact of the clip; a file that cannot be reached,
 * or a probe that was killed, is not: such a file stays `unknown` and is examined again.
 */

import { errnoOf, ProxyfsError } from '../base/error.js';
import type { Fingerprint } from '../base/ids.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { AssetFacts } from '../catalog/catalog.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { fingerprintFile } from '../fingerprint/fingerprint.js';
import { probeMedia } from '../probe/probe.js';
import { classify, classifyPath } from '../view/eligibility.js';
import type { Eligibility } from '../view/servable.js';

export interface ExamineInput {
  readonly asset: AssetRow;
  /** The name under which it was found. */
  readonly path: VirtualPath;
  readonly real: RealPath;
  readonly signal: AbortSignal | undefined;
}

/** Rejects only when aborted, or on an error of our own. */
export type Examine = (input: ExamineInput) => Promise<AssetFacts>;

export function createExamine(toolchain: Toolchain): Examine {
  return async (input) => {
    try {
      return await examine(toolchain, input);
    } catch (error) {
      if (input.signal?.aborted || !isOfTheWorld(error)) throw error;
      return unknown(`it could not be examined: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

async function examine(toolchain: Toolchain, { asset, path, real, signal }: ExamineInput): Promise<AssetFacts> {
  const { fingerprint: knownFingerprint, media: knownMedia } = asset;
  const fingerprint = knownFingerprint ?? (await fingerprintFile(real));
  const refused = verdictOfPaths(asset, path);
  if (refused !== undefined) return { fingerprint, media: knownMedia, eligibility: refused };
  if (knownMedia !== undefined) return { fingerprint, media: knownMedia, eligibility: classify(path, knownMedia) };
  try {
    const media = await probeMedia(toolchain, real, { signal, count: true });
    return { fingerprint, media, eligibility: classify(path, media) };
  } catch (error) {
    if (isUnreadable(error)) return unreadable(fingerprint, error);
    throw error;
  }
}

/** One file, one proxy: with several names the strictest verdict holds. */
function verdictOfPaths(asset: AssetRow, path: VirtualPath): Eligibility | undefined {
  const verdicts = [path, ...asset.paths].map((name) => classifyPath(name));
  return verdicts.find((verdict) => verdict !== undefined);
}

/** ffprobe read the file and gave up on its content; it was not killed. */
function isUnreadable(error: unknown): error is ProxyfsError {
  if (!(error instanceof ProxyfsError)) return false;
  return (
    error.code === 'ffprobe/garbage' || (error.code === 'ffprobe/failed' && error.details['exitCode'] !== undefined)
  );
}

function unreadable(fingerprint: Fingerprint, error: ProxyfsError): AssetFacts {
  const eligibility = { kind: 'ineligible', code: 'unreadable', reason: error.message } as const;
  return { fingerprint, media: undefined, eligibility };
}

/** Errors of files and programs, as opposed to mistakes of ours. */
function isOfTheWorld(error: unknown): boolean {
  return error instanceof ProxyfsError ? error.code !== 'internal' : errnoOf(error) !== undefined;
}

const unknown = (reason: string): AssetFacts => ({
  fingerprint: undefined,
  media: undefined,
  eligibility: { kind: 'unknown', reason },
});
