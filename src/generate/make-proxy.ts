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
import { syncFile } from '../base/atomic-file.js';
import { invariant } from '../base/invariant.js';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { VariantRow } from '../catalog/catalog.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { type RunResult, runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { isVerdict } from '../ffmpeg/verdict.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import {
  MANIFEST_VERSION,
  type Manifest,
  PICTURE_SUFFIXES,
  type PublishedPictures,
  type PublishedSegments,
} from '../pool/manifest.js';
import type { Beside } from '../pool/pool.js';
import { shownTimes } from '../probe/frame-count.js';
import { commandArguments } from '../profiles/command.js';
import { readPictures } from '../segments/read-pictures.js';
import { pictureOf } from '../validate/compare.js';
import { describeRejection, type ValidationReport } from '../validate/report.js';
import { finishAndReadBack } from './encode.js';
import { isOutOfSpace } from './failure.js';
import type { Generation } from './generation.js';
import { findMaster, hasMasterChanged } from './master.js';
import { finishPictures, type PictureFiles, pictureFiles, pictureOutputs, removePictures } from './pictures.js';
import type { MakePlan } from './plan.js';
import { isFfmpegReplaced } from './replaced-ffmpeg.js';
import { encodeSegmented, removeSegments } from './segmented.js';

/** One proxy that is wanted; those of one call share the input of their recipes. */
export interface Product {
  readonly profile: string;
  readonly plan: MakePlan;
}

export interface MakeOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EncodeProgress) => void;
  /** What does not look like the clip's doing is thrown, to be tried again with all that was wanted. */
  readonly isFirstAttempt?: boolean | undefined;
}

export type MakeOutcome =
  | { readonly kind: 'published'; readonly variant: VariantRow; readonly manifest: Manifest }
  /** The finished file does not match its master; each differing field is named. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** The master is not what it was: what was made is thrown away. */
  | { readonly kind: 'master-changed' }
  /** So is FFmpeg: this, too, is thrown away. */
  | { readonly kind: 'ffmpeg-replaced' }
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
  const outputs = products.map((product) => outputOf(generation, `asset-${asset.id}`, product));
  try {
    return await encodeAll({ generation, asset, path, master, options }, outputs);
  } finally {
    await Promise.all(outputs.map(removeOutput));
  }
}

function outputOf({ pool, makesPictures = false }: Generation, owner: string, product: Product): Output {
  const { extension, pictures } = product.plan.recipe;
  const wanted = makesPictures && pictures !== undefined ? pictureFiles(pool, owner, pictures) : undefined;
  return { ...product, file: pool.temporary(owner, extension), pictures: wanted };
}

async function removeOutput({ file, pictures }: Output): Promise<void> {
  await rm(file, { force: true });
  if (pictures !== undefined) await removePictures(pictures);
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
  readonly pictures: PictureFiles | undefined;
}

async function encodeAll(making: Making, outputs: readonly Output[]): Promise<readonly MakeOutcome[]> {
  const [only] = outputs.length === 1 ? outputs : [];
  const inParts = only && (await makeInSegments(making, only));
  if (inParts !== undefined) return [inParts];
  const startedAt = making.generation.clock.now();
  const run = await runOnce(making, outputs);
  const now = await followMaster(making);
  if (now === undefined) return outputs.map(() => ({ kind: 'master-changed' }));
  const outcomes: MakeOutcome[] = [];
  for (const output of outputs) outcomes.push(await finish(now, output, { run, startedAt }));
  return outcomes;
}

/** With the master where it lies now: a rename costs no encode. undefined: it is not what it was. */
async function followMaster(making: Making): Promise<Making | undefined> {
  const { generation, asset } = making;
  const path = await findMaster(generation, asset, making.path);
  return path && { ...making, path, master: realPathOf(generation.source, path) };
}

/** undefined: it is to be made in one piece, also when what the segments made is not equal to its master. */
async function makeInSegments(making: Making, output: Output): Promise<MakeOutcome | undefined> {
  const { generation, asset, master, options, path } = making;
  const startedAt = generation.clock.now();
  const made = await encodeSegmented(generation, { ...output, asset, master, path, ...options });
  if (made === undefined) return undefined;
  const now = await followMaster(making);
  const outcome: MakeOutcome =
    now === undefined
      ? { kind: 'master-changed' }
      : await finish(now, { ...output, pictures: await picturesOf(now, output) }, { ...made, startedAt });
  if (outcome.kind !== 'failed') await removeSegments(generation, output.plan);
  if (outcome.kind !== 'rejected') return outcome;
  generation.log.warn(
    { path, reason: outcome.reason },
    'a proxy made in segments was rejected: it is made in one piece',
  );
  return undefined;
}

/** Of the joined proxy: there was no one decode of all its frames. */
async function picturesOf(
  { generation, options, path }: Making,
  { file, pictures, plan }: Output,
): Promise<PictureFiles | undefined> {
  const { segmenting } = plan.recipe;
  if (pictures === undefined || segmenting?.pictures === undefined) return undefined;
  const { signal } = options;
  const { stallMs, toolchain } = generation;
  try {
    const files = { poster: pictures.poster, sprite: pictures.sprite, list: pictures.index };
    await readPictures(toolchain, { proxy: file, segmenting, plan: segmenting.pictures, files, signal, stallMs });
    return pictures;
  } catch (error) {
    if (signal.aborted || isOutOfSpace(error)) throw error;
    generation.log.warn({ err: error, path }, 'the pictures of a clip could not be made');
    return undefined;
  }
}

/**
 * A command with pictures that fails is no evidence against the proxies: they are tried by themselves. One that was
 * killed, crashed or hung is none against the pictures either, until that happens again.
 */
async function runOnce(making: Making, outputs: readonly Output[]): Promise<RunResult> {
  const { generation, options, path } = making;
  try {
    return await runFor(making, outputs);
  } catch (error) {
    const hasPictures = outputs.some(({ pictures }) => pictures !== undefined);
    const mayPass = options.isFirstAttempt === true && !isVerdict(error);
    if (!hasPictures || mayPass || options.signal.aborted || isOutOfSpace(error)) throw error;
    const run = await runFor(
      making,
      outputs.map((output) => ({ ...output, pictures: undefined })),
    );
    // Only now: what fails without them, too, is one failure.
    generation.log.warn({ err: error, path }, 'a proxy could be made only without its pictures');
    return run;
  }
}

async function runFor({ generation, master, options }: Making, outputs: readonly Output[]): Promise<RunResult> {
  const { toolchain, stallMs } = generation;
  const [first] = outputs;
  invariant(first !== undefined, 'somebody wants a proxy');
  // The proxies come first: progress is counted by the first output.
  const proxies = outputs.map(({ plan, file }) => ({ arguments: plan.recipe.arguments, file }));
  const pictures = outputs.flatMap((output) => (output.pictures === undefined ? [] : pictureOutputs(output.pictures)));
  const args = commandArguments(first.plan.recipe, master, [...proxies, ...pictures]);
  return await runFfmpeg(toolchain, args, { ...options, polite: true, stallMs });
}

interface Encoded {
  readonly run: RunResult;
  readonly segments?: PublishedSegments;
  /** Throws 'generate/segments' when the file has not the frames of its segments. */
  readonly checkFrames?: () => Promise<void>;
  readonly startedAt: number;
}

async function finish(making: Making, output: Output, encoded: Encoded): Promise<MakeOutcome> {
  try {
    return await judgeAndPublish(making, output, encoded);
  } catch (error) {
    making.options.signal.throwIfAborted();
    return (await isFfmpegReplaced(making.generation)) ? { kind: 'ffmpeg-replaced' } : { kind: 'failed', error };
  }
}

async function judgeAndPublish(making: Making, output: Output, encoded: Encoded): Promise<MakeOutcome> {
  const { generation, asset, master, options } = making;
  const { toolchain, pool, catalog, pictureChecks } = generation;
  const { plan, profile, file } = output;
  const { media, recipe, poolKey } = plan;
  const { signal } = options;
  const encoding = { master, media, recipe, poolKey, output: file, pictureChecks, ...options };
  let blake3 = '';
  const validation = await finishAndReadBack(toolchain, encoding, async () => {
    // Also to the disk, which the publication waits for.
    [blake3] = await Promise.all([blake3OfFile(file, signal), syncFile(file), encoded.checkFrames?.()]);
  });
  if (await isFfmpegReplaced(generation)) return { kind: 'ffmpeg-replaced' };
  if (!validation.ok) return { kind: 'rejected', reason: describeRejection(validation) };
  const made = { blake3, size: (await stat(file)).size };
  const pictures = await finishedPictures(making, output);
  const manifest = manifestOf(making, output, { ...encoded, validation, output: made, pictures });
  // Reading back takes its time too: a master that changed meanwhile has no proxy.
  if ((await followMaster(making)) === undefined) return { kind: 'master-changed' };
  await pool.publish(file, manifest, pictures === undefined ? [] : besideOf(output.pictures));
  const { extension } = recipe;
  const variant = { asset: asset.id, profile, poolKey, extension, size: made.size, guard: asset.master };
  catalog.recordVariant(variant);
  catalog.clearFailure(asset.id, profile);
  return { kind: 'published', variant, manifest };
}

async function finishedPictures({ generation, path, options }: Making, { plan, file, pictures }: Output) {
  if (pictures === undefined) return undefined;
  const times = await frameTimes(generation.toolchain, file, plan, options.signal);
  const done = await finishPictures(pictures, `${plan.poolKey}${PICTURE_SUFFIXES.sprite}`, times);
  if (done.kind === 'pictures') return done.pictures;
  generation.log.warn({ path, reason: done.reason }, 'the pictures of a clip could not be made');
  return undefined;
}

/** Of a clip whose frames lie at no constant rate: when each begins, and the end, in seconds from the first. */
async function frameTimes(toolchain: Toolchain, file: RealPath, plan: MakePlan, signal: AbortSignal) {
  const video = pictureOf(plan.media);
  if (video?.ownTimes === undefined) return undefined;
  const { clock, last } = video.ownTimes;
  const index = plan.recipe.expect.streams.findIndex(({ masterIndex }) => masterIndex === video.index);
  // Of the proxy, which has been found to have the times of its master: its header is shorter to read.
  const ticks = await shownTimes(toolchain, file, { ...video, index }, { signal });
  const [first = 0] = ticks;
  return [...ticks, (ticks.at(-1) ?? 0) + last].map((at) => (at - first) / clock);
}

function besideOf(files: PictureFiles | undefined): readonly Beside[] {
  if (files === undefined) return [];
  const parts = ['poster', 'sprite', 'index'] as const;
  return parts.map((part) => ({ temporary: files[part], suffix: PICTURE_SUFFIXES[part] }));
}

interface Made extends Encoded {
  readonly validation: ValidationReport;
  readonly output: { readonly size: number; readonly blake3: string };
  readonly pictures: PublishedPictures | undefined;
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
    ...(made.pictures === undefined ? {} : { pictures: made.pictures }),
    ...(made.segments === undefined ? {} : { segments: made.segments }),
  };
}
