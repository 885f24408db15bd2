/**
 * The one way to make a proxy: check the master, encode into the pool's temporary
 * folder, read the finished file back, compare, publish, record.
 *
 * Promises: what is published has passed validation against the master it names; the
 * temporary file is gone afterwards, whatever happened. FFmpeg's exit code, its log and
 * its header count for nothing: only the finished file does. Concurrency: any number of
 * calls for different keys.
 */

import { rm, stat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { VariantRow } from '../catalog/catalog.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import type { RunResult } from '../ffmpeg/run.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import { MANIFEST_VERSION, type Manifest } from '../pool/manifest.js';
import { describeRejection, type ValidationReport } from '../validate/report.js';
import { type Encoding, encode, finishAndReadBack } from './encode.js';
import type { Generation } from './generation.js';
import { hasMasterChanged } from './master.js';
import type { MakePlan } from './plan.js';

export interface MakeOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EncodeProgress) => void;
}

export type MakeOutcome =
  | { readonly kind: 'published'; readonly variant: VariantRow; readonly manifest: Manifest }
  /** The finished file does not match its master; each differing field is named. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** The master is not what it was: what was made is thrown away. */
  | { readonly kind: 'master-changed' };

/** Rejects with the error of FFmpeg or of the system, or `job/cancelled`; nothing is left behind then. */
export async function makeProxy(
  generation: Generation,
  asset: AssetRow,
  path: VirtualPath,
  plan: MakePlan,
  options: MakeOptions,
): Promise<MakeOutcome> {
  const master = realPathOf(generation.source, path);
  if (await hasMasterChanged(master, asset)) return { kind: 'master-changed' };
  const temporary = generation.pool.temporary(`asset-${asset.id}`, plan.recipe.extension);
  try {
    return await makeInto(temporary, { generation, asset, path, master, plan, options });
  } finally {
    await rm(temporary, { force: true });
  }
}

interface Making {
  readonly generation: Generation;
  readonly asset: AssetRow;
  readonly path: VirtualPath;
  readonly master: RealPath;
  readonly plan: MakePlan;
  readonly options: MakeOptions;
}

async function makeInto(temporary: RealPath, making: Making): Promise<MakeOutcome> {
  const { generation, asset, plan, options } = making;
  const { toolchain, clock, pool, catalog, profile, stallMs } = generation;
  const { signal, onProgress } = options;
  const startedAt = clock.now();
  const encoding: Encoding = {
    ...{ master: making.master, media: plan.media, recipe: plan.recipe, poolKey: plan.poolKey },
    ...{ output: temporary, signal, onProgress, stallMs, pictureChecks: generation.pictureChecks },
  };
  const run = await encode(toolchain, encoding);
  if (await hasMasterChanged(making.master, asset)) return { kind: 'master-changed' };
  const validation = await finishAndReadBack(toolchain, encoding);
  if (!validation.ok) return { kind: 'rejected', reason: describeRejection(validation) };
  const output = { blake3: await blake3OfFile(temporary, signal), size: (await stat(temporary)).size };
  const manifest = manifestOf(making, { run, validation, output, startedAt });
  // Reading back takes its time too: a master that changed meanwhile has no proxy.
  if (await hasMasterChanged(making.master, asset)) return { kind: 'master-changed' };
  await pool.publish(temporary, manifest);
  const { extension } = plan.recipe;
  const variant = {
    asset: asset.id,
    profile,
    poolKey: plan.poolKey,
    extension,
    size: output.size,
    guard: asset.master,
  };
  catalog.recordVariant(variant);
  catalog.clearFailure(asset.id, profile);
  return { kind: 'published', variant, manifest };
}

interface Made {
  readonly run: RunResult;
  readonly validation: ValidationReport;
  readonly output: { readonly size: number; readonly blake3: string };
  readonly startedAt: number;
}

function manifestOf({ generation, asset, path, plan }: Making, made: Made): Manifest {
  const { clock, profile, toolchain } = generation;
  return {
    version: MANIFEST_VERSION,
    poolKey: plan.poolKey,
    master: { fingerprint: plan.fingerprint, guard: asset.master, path },
    profile,
    recipeHash: plan.recipe.hash,
    command: made.run.command,
    ffmpeg: toolchain.build,
    output: { ...made.output, extension: plan.recipe.extension },
    startedAt: new Date(made.startedAt).toISOString(),
    finishedAt: new Date(clock.now()).toISOString(),
    madeBy: `${userInfo().username}@${hostname()}`,
    validation: made.validation,
  };
}
