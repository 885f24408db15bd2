/**
 * The one way to make proxies: check the master, encode into the pool's temporary
 * folder, read each finished file back, compare, publish, record. Several proxies of one
 * clip come out of one decode.
 *
 * Promises: what is published has passed validation against the master it names; each file
 * is judged and published by itself, so one that fails costs the others nothing; temporary
 * files are gone afterwards, whatever happened. FFmpeg's exit code, its log and its header
 * count for nothing: only the finished file does. Concurrency: any number of calls for
 * different keys.
 */

import { rm, stat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { VariantRow } from '../catalog/catalog.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { type RunResult, runFfmpeg } from '../ffmpeg/run.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import { MANIFEST_VERSION, type Manifest } from '../pool/manifest.js';
import { commandArguments } from '../profiles/command.js';
import { describeRejection, type ValidationReport } from '../validate/report.js';
import { finishAndReadBack } from './encode.js';
import type { Generation } from './generation.js';
import { hasMasterChanged } from './master.js';
import type { MakePlan } from './plan.js';

/** One proxy that is wanted; those of one call share the input of their recipes. */
export interface Product {
  readonly profile: string;
  readonly plan: MakePlan;
}

export interface MakeOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EncodeProgress) => void;
}

export type MakeOutcome =
  | { readonly kind: 'published'; readonly variant: VariantRow; readonly manifest: Manifest }
  /** The finished file does not match its master; each differing field is named. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** The master is not what it was: what was made is thrown away. */
  | { readonly kind: 'master-changed' }
  /** This one could not be finished or published. */
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * One outcome for each product, in order. Rejects with the error of FFmpeg or of the system,
 * or `job/cancelled`, when none of them could be encoded; nothing is left behind then.
 */
export async function makeProxies(
  generation: Generation,
  { asset, path }: { readonly asset: AssetRow; readonly path: VirtualPath },
  products: readonly Product[],
  options: MakeOptions,
): Promise<readonly MakeOutcome[]> {
  const master = realPathOf(generation.source, path);
  if (await hasMasterChanged(master, asset)) return products.map(() => ({ kind: 'master-changed' }));
  const files = products.map((product) => ({
    ...product,
    file: generation.pool.temporary(`asset-${asset.id}`, product.plan.recipe.extension),
  }));
  try {
    return await encodeAll({ generation, asset, path, master, options }, files);
  } finally {
    await Promise.all(files.map(({ file }) => rm(file, { force: true })));
  }
}

/** What the products have in common. */
interface Making {
  readonly generation: Generation;
  readonly asset: AssetRow;
  readonly path: VirtualPath;
  readonly master: RealPath;
  readonly options: MakeOptions;
}

interface Output extends Product {
  readonly file: RealPath;
}

async function encodeAll(making: Making, outputs: readonly Output[]): Promise<readonly MakeOutcome[]> {
  const { generation, asset, master, options } = making;
  const { toolchain, clock, stallMs } = generation;
  const [first] = outputs;
  if (first === undefined) return [];
  const startedAt = clock.now();
  const commands = outputs.map(({ plan, file }) => ({ arguments: plan.recipe.arguments, file }));
  const args = commandArguments(first.plan.recipe, master, commands);
  const run = await runFfmpeg(toolchain, args, { ...options, polite: true, stallMs });
  if (await hasMasterChanged(master, asset)) return outputs.map(() => ({ kind: 'master-changed' }));
  const outcomes: MakeOutcome[] = [];
  for (const output of outputs) outcomes.push(await finish(making, output, { run, startedAt }));
  return outcomes;
}

interface Encoded {
  readonly run: RunResult;
  readonly startedAt: number;
}

async function finish(making: Making, output: Output, encoded: Encoded): Promise<MakeOutcome> {
  try {
    return await judgeAndPublish(making, output, encoded);
  } catch (error) {
    making.options.signal.throwIfAborted();
    return { kind: 'failed', error };
  }
}

async function judgeAndPublish(making: Making, output: Output, encoded: Encoded): Promise<MakeOutcome> {
  const { generation, asset, master, options } = making;
  const { toolchain, pool, catalog, pictureChecks } = generation;
  const { plan, profile, file } = output;
  const { media, recipe, poolKey } = plan;
  const { signal } = options;
  const encoding = { master, media, recipe, poolKey, output: file, pictureChecks, ...options };
  const validation = await finishAndReadBack(toolchain, encoding);
  if (!validation.ok) return { kind: 'rejected', reason: describeRejection(validation) };
  const made = { blake3: await blake3OfFile(file, signal), size: (await stat(file)).size };
  const manifest = manifestOf(making, output, { ...encoded, validation, output: made });
  // Reading back takes its time too: a master that changed meanwhile has no proxy.
  if (await hasMasterChanged(master, asset)) return { kind: 'master-changed' };
  await pool.publish(file, manifest);
  const { extension } = recipe;
  const variant = { asset: asset.id, profile, poolKey, extension, size: made.size, guard: asset.master };
  catalog.recordVariant(variant);
  catalog.clearFailure(asset.id, profile);
  return { kind: 'published', variant, manifest };
}

interface Made extends Encoded {
  readonly validation: ValidationReport;
  readonly output: { readonly size: number; readonly blake3: string };
}

function manifestOf({ generation, asset, path }: Making, { plan, profile }: Product, made: Made): Manifest {
  const { clock, toolchain } = generation;
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
