/**
 * Takes over proxies that exist already: made by a camera or an editor, beside the clip, or
 * by a job, anywhere.
 *
 * The file is copied into the pool, and the copy is validated like one of our own, its
 * pictures included; only codec and size are its own business, as long as the size is the
 * master's through a whole number. Dates and labels that it lacks are written into the copy.
 * What differs by a frame is refused with that reason.
 * Promises: the file that was found is only read; nothing unvalidated is published.
 * Concurrency: any number of calls for different assets.
 */

import { constants, copyFile, rm, stat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { invariant } from '../base/invariant.js';
import { extensionOf } from '../base/media-extension.js';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import { isVerdict } from '../ffmpeg/verdict.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import { adoptPublished } from '../generate/adopt-published.js';
import { currentVariant } from '../generate/current-variant.js';
import type { Generation } from '../generate/generation.js';
import { hasMasterChanged } from '../generate/master.js';
import { type MakePlan, planProxy } from '../generate/plan.js';
import { MANIFEST_VERSION } from '../pool/manifest.js';
import type { MediaInfo, VideoStream } from '../probe/media-info.js';
import { probeMedia } from '../probe/probe.js';
import type { Expectation } from '../profiles/recipe.js';
import { describeRejection, type ValidationCheck, type ValidationReport } from '../validate/report.js';
import { validateProxy } from '../validate/validate.js';
import { ineligible } from '../view/path-eligibility.js';
import { differsInLabels, relabel } from './relabel.js';
import { proposedSiblings } from './sibling-names.js';

export type Adoption =
  /** `from` is project-relative, or absolute for a file that was named. */
  | { readonly kind: 'adopted'; readonly from: string; readonly size: number }
  /** `taken`: its size, where the pool had it for another clip or project and this clip did not have it yet. */
  | { readonly kind: 'already-there'; readonly taken?: number }
  /** Nothing lies where cameras and editors leave proxies. */
  | { readonly kind: 'none' }
  /** Found, and not equal to the master: every difference is named. */
  | { readonly kind: 'refused'; readonly from: string; readonly reason: string }
  /** The master can have no proxy. */
  | { readonly kind: 'ineligible'; readonly reason: string };

/** Frames whose pictures are compared: the file may be one of another take. */
const PICTURES = 5;

export async function adoptSibling(
  generation: Generation,
  asset: AssetRow,
  profile: string,
  signal?: AbortSignal,
): Promise<Adoption> {
  const wanted = await wantedOf(generation, asset, profile);
  if ('kind' in wanted) return wanted;
  let refused: Adoption = { kind: 'none' };
  for (const proposed of proposedSiblings(wanted.clip)) {
    signal?.throwIfAborted();
    const from = proposed as VirtualPath;
    const file = realPathOf(generation.source, from);
    if (!(await isFile(file))) continue;
    const outcome = await tryOne({ generation, asset, ...wanted, profile, from, file, signal });
    if (outcome.kind === 'adopted') {
      keepFromOwnProxy(generation, from, wanted.clip);
      return outcome;
    }
    if (refused.kind === 'none') refused = outcome;
  }
  return refused;
}

/** A scan takes the file for a clip like any other; nobody wants a proxy of a proxy. */
function keepFromOwnProxy({ catalog, queue }: Generation, from: VirtualPath, clip: VirtualPath): void {
  const own = catalog.byPath(from);
  if (own?.media === undefined || own.fingerprint === undefined) return;
  const { id, media, fingerprint } = own;
  const reason = `it is a proxy of '${clip}' and was taken over for it`;
  catalog.describe(id, { fingerprint, media, eligibility: ineligible('adopted', reason) });
  const waiting = queue.list({ path: from }).filter(({ state }) => state === 'waiting' || state === 'running');
  queue.cancel(waiting.map((job) => job.id));
}

/** The same with one file that somebody names. It may lie anywhere but below the mount. */
export async function adoptFile(
  generation: Generation,
  asset: AssetRow,
  { profile, file }: { readonly profile: string; readonly file: RealPath },
  signal?: AbortSignal,
): Promise<Exclude<Adoption, { kind: 'none' }>> {
  const wanted = await wantedOf(generation, asset, profile);
  if ('kind' in wanted) return wanted;
  if (!(await isFile(file))) return { kind: 'refused', from: file, reason: 'there is no such file' };
  return await tryOne({ generation, asset, ...wanted, profile, from: file, file, signal });
}

type Wanted = { readonly plan: MakePlan; readonly clip: VirtualPath };
type NotWanted = Extract<Adoption, { kind: 'already-there' | 'ineligible' }>;

/** What the asset lacks, or why nothing is taken over for it. */
async function wantedOf(generation: Generation, asset: AssetRow, profile: string): Promise<Wanted | NotWanted> {
  const plan = planProxy(asset, profile, generation);
  const clip = asset.paths[0];
  if (plan.kind !== 'make' || clip === undefined) {
    return { kind: 'ineligible', reason: plan.kind === 'make' ? 'the file is gone' : plan.reason };
  }
  if (plan.recipe.look !== undefined) {
    return { kind: 'ineligible', reason: `whether a file that exists has the look of '${profile}' cannot be proved` };
  }
  if (currentVariant(generation.catalog, asset, plan.poolKey) !== undefined) return { kind: 'already-there' };
  const published = await adoptPublished({ ...generation, profile }, asset, plan);
  return published === undefined ? { plan, clip } : { kind: 'already-there', taken: published.size };
}

interface Attempt {
  readonly generation: Generation;
  readonly asset: AssetRow;
  readonly clip: VirtualPath;
  readonly plan: MakePlan;
  readonly profile: string;
  /** As people know the file. */
  readonly from: string;
  readonly file: RealPath;
  readonly signal: AbortSignal | undefined;
}

async function tryOne(attempt: Attempt): Promise<Extract<Adoption, { kind: 'adopted' | 'refused' }>> {
  const { generation, asset, clip, plan, from, file, signal } = attempt;
  const { pool, source, clock } = generation;
  const startedAt = new Date(clock.now()).toISOString();
  const [taken, labelled] = [0, 1].map(() => pool.temporary(`adopt-${asset.id}`, extensionOf(clip)));
  invariant(taken !== undefined && labelled !== undefined, 'two were asked for');
  try {
    // A file system that shares blocks copies nothing.
    await copyFile(file, taken, constants.COPYFILE_FICLONE);
    const { copy, validation } = await judgeLabelled(attempt, taken, labelled);
    if (!validation.ok) return { kind: 'refused', from, reason: describeRejection(validation) };
    if (await hasMasterChanged(realPathOf(source, clip), asset)) {
      return { kind: 'refused', from, reason: 'the master changed meanwhile' };
    }
    const { size } = await stat(copy);
    const output = { blake3: await blake3OfFile(copy, signal), size, extension: plan.recipe.extension };
    await publish(attempt, copy, { output, validation, startedAt });
    return { kind: 'adopted', from, size };
  } finally {
    await Promise.all([taken, labelled].map((path) => rm(path, { force: true })));
  }
}

/** The file as it was found or, where only labels differ from the master's, with those of the master. */
async function judgeLabelled(attempt: Attempt, taken: RealPath, labelled: RealPath) {
  const { generation, clip, plan, signal } = attempt;
  const found = await judge(attempt, taken);
  if (!differsInLabels(found, plan)) return { copy: taken, validation: found };
  const master = realPathOf(generation.source, clip);
  try {
    await relabel(generation.toolchain, { plan, master, proxy: taken, output: labelled, signal });
  } catch (error) {
    // What cannot be written anew is refused for what it lacks.
    if (!isVerdict(error)) throw error;
    return { copy: taken, validation: found };
  }
  return { copy: labelled, validation: await judge(attempt, labelled) };
}

async function judge({ generation, clip, plan, signal }: Attempt, copy: RealPath): Promise<ValidationReport> {
  const { toolchain, source } = generation;
  try {
    const found = await probeMedia(toolchain, copy, { signal, count: true });
    const recipe = { ...plan.recipe, expect: expectationFrom(plan.recipe.expect, plan.media, found) };
    const pictures = { masterFile: realPathOf(source, clip), samples: PICTURES };
    const report = await validateProxy(toolchain, { master: plan.media, proxyFile: copy, recipe, pictures, signal });
    const checks = [...containerChecks(plan.media, found), ...report.checks];
    return { ok: checks.every((check) => check.ok), checks };
  } catch (error) {
    const isTheFile = error instanceof ProxyfsError && /^(ffprobe|ffmpeg)\//.test(error.code);
    if (!isTheFile || signal?.aborted) throw error;
    const check = { field: 'file', expected: 'a readable proxy', found: error.message, ok: false };
    return { ok: false, checks: [check] };
  }
}

/** What the recipe of our own proxy expects, with the codec and size of the one that was found. */
function expectationFrom(expect: Expectation, master: MediaInfo, found: MediaInfo): Expectation {
  const [original, copy] = [pictureOf(master), pictureOf(found)];
  if (original === undefined || copy === undefined) return expect;
  const { width, height } = isWholePart(original, copy) ? copy : original;
  return { ...expect, width, height, videoCodec: copy.codec, pixelFormat: copy.pixelFormat, color: original.color };
}

function isWholePart(master: VideoStream, proxy: VideoStream): boolean {
  const divisor = master.width / Math.max(1, proxy.width);
  return Number.isInteger(divisor) && divisor * proxy.height === master.height;
}

function pictureOf(media: MediaInfo): VideoStream | undefined {
  return media.streams.find(
    (stream): stream is VideoStream => stream.kind === 'video' && !stream.dispositions.includes('attached_pic'),
  );
}

/** The path keeps its name, so the bytes have to be what the name says. */
function containerChecks(master: MediaInfo, found: MediaInfo): ValidationCheck[] {
  const brand = (media: MediaInfo) => (media.tags['major_brand']?.trim() === 'qt' ? 'QuickTime' : 'MP4');
  const name = (media: MediaInfo) => (media.format.startsWith('mov,') ? brand(media) : media.format);
  const [expected, is] = [name(master), name(found)];
  return [{ field: 'container', expected, found: is, ok: expected === is }];
}

interface Judged {
  readonly output: { readonly size: number; readonly blake3: string; readonly extension: string };
  readonly validation: ValidationReport;
  readonly startedAt: string;
}

async function publish({ generation, asset, clip, plan, profile, from }: Attempt, copy: RealPath, judged: Judged) {
  const { pool, catalog, clock, toolchain } = generation;
  await pool.publish(copy, {
    version: MANIFEST_VERSION,
    poolKey: plan.poolKey,
    master: { fingerprint: plan.fingerprint, guard: asset.master, path: clip },
    profile,
    recipeHash: plan.recipe.hash,
    command: ['adopt', from],
    ffmpeg: toolchain.build,
    output: judged.output,
    startedAt: judged.startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
    madeBy: `${userInfo().username}@${hostname()}`,
    validation: judged.validation,
  });
  const { size, extension } = judged.output;
  catalog.recordVariant({ asset: asset.id, profile, poolKey: plan.poolKey, extension, size, guard: asset.master });
  catalog.clearFailure(asset.id, profile);
}

async function isFile(path: RealPath): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
