/**
 * A long master in segments: whether it may be, what an earlier proxy has of it, and what
 * becomes of the segments.
 *
 * They stay when the work is interrupted, and go when their proxy is published or the clip is
 * encoded in one piece after all.
 */

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProxyfsError } from '../base/error.js';
import { invariant } from '../base/invariant.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import type { RunResult } from '../ffmpeg/run.js';
import type { PublishedSegments } from '../pool/manifest.js';
import type { Segmenting } from '../profiles/recipe.js';
import { framesPerSegment } from '../segments/bounds.js';
import { type Earlier, encodeInSegments } from '../segments/encode-in-segments.js';
import type { Generation } from './generation.js';
import { hasMasterChanged } from './master.js';
import { framesOf, type MakePlan } from './plan.js';

export interface SegmentedRun {
  readonly run: RunResult;
  readonly segments: PublishedSegments;
  readonly checkFrames?: () => Promise<void>;
}

interface Wanted {
  readonly asset: AssetRow;
  readonly path: VirtualPath;
  readonly master: RealPath;
  readonly profile: string;
  readonly plan: MakePlan;
  readonly file: RealPath;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EncodeProgress) => void;
}

/** How long the segments of a clip are, in frames; undefined where it is encoded in one piece. */
export function segmentLength(
  plan: Pick<MakePlan, 'media' | 'recipe'>,
  seconds: number | undefined,
): number | undefined {
  const { segmenting } = plan.recipe;
  if (segmenting === undefined || seconds === undefined || seconds === 0) return undefined;
  const length = framesPerSegment(seconds, segmenting.rate);
  return (framesOf(plan.media) ?? 0) >= 2 * length ? length : undefined;
}

/** undefined: the clip is to be encoded in one piece. Rejects, with the segments kept, when the work was interrupted. */
export async function encodeSegmented(generation: Generation, wanted: Wanted): Promise<SegmentedRun | undefined> {
  const { asset, path, plan, master, file, signal, onProgress } = wanted;
  const { segmenting } = plan.recipe;
  const length = segmentLength(plan, generation.segmentSeconds);
  if (segmenting === undefined || length === undefined) return undefined;
  const key = keyOf(plan, segmenting, generation.toolchain.build);
  try {
    const { digests, ...made } = await encodeInSegments(generation.toolchain, {
      ...{ master, segmenting, output: file, signal, onProgress },
      masterState: `${asset.master.size} ${asset.master.mtimeNs}`,
      frames: framesOf(plan.media) ?? 0,
      framesPerSegment: length,
      directory: directoryOf(generation, plan),
      earlier: await earlierOf(generation, wanted, key),
      borrow: generation.borrow,
      keepFree: generation.keepFree,
      stallMs: generation.stallMs,
    });
    return { ...made, segments: { key, ...digests } };
  } catch (error) {
    // Of a master that was moved or replaced meanwhile that says nothing.
    if (signal.aborted || !isNoFit(error) || (await hasMasterChanged(master, asset))) throw error;
    generation.log.info({ err: error, path }, 'a clip is encoded in one piece');
    await removeSegments(generation, plan);
    return undefined;
  }
}

export async function removeSegments(generation: Pick<Generation, 'pool'>, plan: MakePlan): Promise<void> {
  await rm(directoryOf(generation, plan), { recursive: true, force: true });
}

const directoryOf = ({ pool }: Pick<Generation, 'pool'>, { poolKey }: MakePlan): RealPath =>
  join(pool.directory, 'segments', poolKey) as RealPath;

/** An FFmpeg that ended by itself with an error would do so again; one that was killed is no evidence. */
function isNoFit(error: unknown): boolean {
  if (!(error instanceof ProxyfsError)) return false;
  return (
    error.code === 'generate/segments' || (error.code === 'ffmpeg/failed' && error.details['exitCode'] !== undefined)
  );
}

/** The catalog forgets a proxy when its master changes; the queue knows what was made under the name. */
async function earlierOf(
  { pool, queue }: Generation,
  { path, plan, profile }: Wanted,
  key: string,
): Promise<Earlier | undefined> {
  for (const { poolKey } of queue.doneAt(path, profile)) {
    const manifest = poolKey === plan.poolKey ? undefined : await pool.find(poolKey);
    if (manifest?.segments?.key !== key || !manifest.validation.ok) continue;
    const { frames, sources } = manifest.segments;
    return { file: pool.fileOf(poolKey, manifest.output.extension), digests: { frames, sources } };
  }
  return undefined;
}

/** What frames of an earlier proxy have to have in common with those of a new one, and what they bring with them. */
function keyOf({ media, recipe }: MakePlan, { encode, filters, lead, rate, start, stream }: Segmenting, build: string) {
  const words = encode.flatMap((argument) => argument.words);
  const video = media.streams.find(({ index }) => index === stream);
  invariant(video?.kind === 'video', 'segments are made of a picture');
  const { containerColor, fieldOrder, rotation, sampleAspect } = video;
  // Tracks of MXF inherit none; their own name the file that they lie in.
  const tags = recipe.muxer === 'mxf' ? [] : Object.entries(video.tags);
  const inherited = tags.filter(([name]) => !OWN_TAGS.test(name));
  const facts = {
    ...{ build, muxer: recipe.muxer, encode: words, filters, lead, stream },
    times: [rate, start].map(({ num, den }) => `${num}/${den}`),
    ...{ rotation, fieldOrder, containerColor, inherited },
    shape: sampleAspect && `${sampleAspect.num}/${sampleAspect.den}`,
    hasTimecode: media.timecode !== undefined,
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Of a track, what its proxy is told anew, and what grows with it. */
const OWN_TAGS = /^(timecode|reel_name|creation_time|encoder|title|duration|_statistics.*|bps|number_of_.*)$/i;
