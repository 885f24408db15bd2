/**
 * Checks proxies now, for somebody who waits: present, size, manifest, BLAKE3; `deep` also
 * decodes each and compares it with its master, pictures included. What is damaged is
 * withdrawn at once, not at the end.
 *
 * Holds no state; a proxy that is removed while it is checked counts as unchecked.
 */

import { toProxyfsError } from '../base/error.js';
import { realPathOf, type VirtualPath } from '../base/paths.js';
import type { CacheBook, CachedObject } from '../catalog/cache-book.js';
import { isVerdict } from '../ffmpeg/verdict.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import { countFrames } from '../generate/count-frames.js';
import type { Generation } from '../generate/generation.js';
import { hasMasterChanged, isReachable } from '../generate/master.js';
import { masterFault } from '../generate/master-fault.js';
import { planProxy } from '../generate/plan.js';
import type { Pool } from '../pool/pool.js';
import { describeRejection } from '../validate/report.js';
import { validateProxy } from '../validate/validate.js';
import { inspect } from './inspect.js';

export interface ToVerify {
  readonly object: CachedObject;
  /** The asset whose master it is compared with, by its name and set. */
  readonly path: VirtualPath;
  readonly profile: string;
}

export type Verdict =
  | { readonly kind: 'sound' }
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'unchecked'; readonly reason: string };

export interface VerifyOptions {
  readonly book: CacheBook;
  readonly pool: Pool;
  /** Set: decode and compare, too. */
  readonly deep: Generation | undefined;
  readonly signal: AbortSignal;
}

const ENDED_OTHERWISE: ReadonlySet<string> = new Set(['ffmpeg/failed', 'ffmpeg/stalled', 'ffprobe/failed']);

/** Pictures compared by a deep check. */
const PICTURES = 5;

export async function verifyOne(item: ToVerify, options: VerifyOptions): Promise<Verdict> {
  const { book, deep, pool, signal } = options;
  const { object } = item;
  const problem =
    (await inspect(pool, object, (file) => blake3OfFile(file, signal))) ??
    (deep === undefined ? undefined : await compare(item, deep, signal));
  if (problem === undefined) return { kind: 'sound' };
  if (typeof problem !== 'string') return problem;
  if (book.object(object.key) === undefined) return { kind: 'unchecked', reason: 'it was removed meanwhile' };
  return { kind: 'damaged', problem };
}

/** What a comparison with the master finds wrong, or why there was none. */
async function compare(
  item: ToVerify,
  project: Generation,
  signal: AbortSignal,
): Promise<Verdict | string | undefined> {
  const { object, path, profile } = item;
  const generation = { ...project, profile };
  const found = generation.catalog.byPath(path);
  if (found === undefined) return unchecked('its master is gone');
  const asset = await countFrames(generation, found, signal);
  const master = realPathOf(generation.source, path);
  try {
    if (await hasMasterChanged(master, asset)) {
      const isThere = await isReachable(master);
      return unchecked(isThere ? 'its master changed since: the proxy is not served' : 'its master is not there');
    }
  } catch (error) {
    return unchecked(
      (await masterFault(generation.source, path, error)) ??
        `its master cannot be reached: ${toProxyfsError(error).message}`,
    );
  }
  const plan = planProxy(asset, profile, generation);
  if (plan.kind !== 'make') return unchecked(plan.reason);
  const manifest = await generation.pool.find(object.key);
  if (manifest === undefined) return 'its manifest is missing or damaged';
  if (manifest.command[0] === 'adopt') return unchecked('it was found beside the clip: only its bytes were checked');
  if (manifest.recipeHash !== plan.recipe.hash)
    return unchecked('it was made by an earlier recipe: only its bytes were checked');
  const proxyFile = generation.pool.fileOf(object.key, object.extension);
  const pictures = { masterFile: master, samples: PICTURES };
  try {
    const input = { master: plan.media, proxyFile, recipe: plan.recipe, pictures, signal };
    const report = await validateProxy(generation.toolchain, input);
    if (report.ok) return undefined;
    // It went away, or was written anew, while the pictures were compared.
    if (await hasMasterChanged(master, asset).catch(() => true)) return unchecked('its master changed meanwhile');
    return describeRejection(report);
  } catch (error) {
    const { code, message } = toProxyfsError(error);
    if (code === 'source/failing') return unchecked((await masterFault(generation.source, path, error)) ?? message);
    if (!signal.aborted && (code === 'ffprobe/garbage' || isVerdict(error))) return message;
    // It crashed, hung, or was killed: of the file that says nothing.
    if (!signal.aborted && ENDED_OTHERWISE.has(code)) return unchecked(message);
    throw error;
  }
}

const unchecked = (reason: string): Verdict => ({ kind: 'unchecked', reason });
