/**
 * `plan`: the recipe of a clip, before anything is made: the engine, the exact command
 * and why each argument is there.
 */

import { ProxyfsError } from '../../src/base/error.js';
import { type ExtensionKind, extensionKind, extensionOf } from '../../src/base/media-extension.js';
import { type RealPath, realPathOf, type VirtualPath } from '../../src/base/paths.js';
import type { AssetRow } from '../../src/catalog/asset.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import { fileArgument } from '../../src/ffmpeg/protocol-path.js';
import { COMMON_ARGUMENTS } from '../../src/ffmpeg/run.js';
import { countFrames } from '../../src/generate/count-frames.js';
import type { Generation } from '../../src/generate/generation.js';
import { framesOf, isCounted, planProxy } from '../../src/generate/plan.js';
import { resolveSettings } from '../../src/generate/resolve-engine.js';
import { routeFor } from '../../src/generate/route-master.js';
import { segmentLength } from '../../src/generate/segmented.js';
import type { MediaInfo } from '../../src/probe/media-info.js';
import { probeMedia } from '../../src/probe/probe.js';
import { describeSize } from '../../src/profiles/picture-size.js';
import type { Profile } from '../../src/profiles/profile.js';
import { findProfile } from '../../src/profiles/profiles.js';
import type { Recipe, RecipeArgument, RecipeResult } from '../../src/profiles/recipe.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { toNumber } from '../../src/time/rational.js';
import type { Daemon } from '../daemon.js';
import { requireLook } from './looks.js';
import { existingPath } from './paths.js';

type PlanResult = Result<'plan'>;

export async function plan(daemon: Daemon, params: Params<'plan'>, { signal }: CallContext): Promise<PlanResult> {
  const { path, stat } = await existingPath(daemon, params.path);
  if (!stat.isFile() || !isPlannable(extensionKind(extensionOf(path)))) throw notMedia(path);
  const row = daemon.files.catalog.byIdentity({ dev: stat.dev, ino: stat.ino });
  const profile = findProfile(params.profile ?? daemon.profileOf([path]));
  requireLook(daemon, profile.name);
  const generation = await daemon.production.generation();
  const master = realPathOf(daemon.place.source, path);
  const route = await routeFor(profile, generation.toolchain, master, row?.media, signal);
  const common = {
    path,
    profile: profile.name,
    profileVersion: profile.version,
    size: describeSize(profile.size),
    ...{ engine: route.engine, because: route.reason },
  };
  if (route.engine === 'resolve') return { ...common, ...NOTHING_MADE, arguments: resolveArguments(profile) };
  const clip: Clip = { path, master, row, profile, signal };
  return { ...common, ...(await ffmpegPlan(generation, clip)) };
}

interface Clip {
  readonly path: VirtualPath;
  readonly master: RealPath;
  readonly row: AssetRow | undefined;
  readonly profile: Profile;
  readonly signal: AbortSignal;
}

type FfmpegPlan = Omit<PlanResult, 'path' | 'profile' | 'profileVersion' | 'size' | 'engine' | 'because'>;

const NOTHING_MADE = {
  ...{ refused: null, command: [], output: null, recipeHash: null, poolKey: null },
  ...{ segments: null, isLong: false },
};

/** Of a set as the mount makes it; of a format, and of what no scan has examined yet, by the media alone. */
async function ffmpegPlan(generation: Generation, clip: Clip): Promise<FfmpegPlan> {
  const { profile, row, signal } = clip;
  if (profile.kind === 'format' || row?.fingerprint === undefined) return await planOfMedia(generation, clip);
  const made = planProxy(await countFrames(generation, row, signal), profile.name, generation);
  if (made.kind === 'not-ready') return await planOfMedia(generation, clip);
  if (made.kind === 'refused') return refused(made);
  return { ...recipePlan(generation, clip, made.recipe, made.media), poolKey: made.poolKey };
}

async function planOfMedia(generation: Generation, clip: Clip): Promise<FfmpegPlan> {
  const { path, profile } = clip;
  const { looks, toolchain } = generation;
  const media = await countedMedia(generation, clip);
  const result = resolveRecipe(profile.name, {
    media,
    extension: extensionOf(path),
    encoders: toolchain.encoders,
    looks,
  });
  return result.kind === 'refused' ? refused(result) : recipePlan(generation, clip, result.recipe, media);
}

async function countedMedia({ toolchain }: Generation, { row, master, signal }: Clip): Promise<MediaInfo> {
  if (row?.media !== undefined && isCounted(row.media)) return row.media;
  return await probeMedia(toolchain, master, { signal, count: true });
}

function recipePlan(
  { toolchain, segmentSeconds }: Generation,
  { master }: Clip,
  recipe: Recipe,
  media: MediaInfo,
): FfmpegPlan {
  // Never the place in the pool: whoever pastes the command would write over a proxy that is being served.
  const output = `OUTPUT${recipe.extension}` as RealPath;
  const words: RecipeArgument[] = [
    { words: [toolchain.ffmpeg], why: `FFmpeg ${toolchain.version}` },
    ...COMMON_ARGUMENTS,
    ...recipe.inputArguments,
    { words: ['-i', fileArgument(master)], why: 'the master' },
    ...recipe.arguments,
    {
      words: ['-y', fileArgument(output)],
      why: `a file of the pool, served when it has been validated; ${finishing(recipe)}`,
    },
  ];
  const { width, height, videoCodec, pixelFormat, timecode, streams } = recipe.expect;
  const { extension, hash } = recipe;
  return {
    refused: null,
    command: words.flatMap((argument) => [...argument.words]),
    arguments: words.map(({ words, why }) => ({ words: [...words], why })),
    output: { extension, width, height, videoCodec, pixelFormat, timecode: timecode ?? null, streams: streams.length },
    ...segmentsOf(recipe, media, segmentSeconds),
    recipeHash: hash,
    poolKey: null,
  };
}

/** What the command alone does not write: see finish.ts. */
function finishing({ muxer }: Recipe): string {
  if (muxer === 'mxf') return 'before that its identity (UMID) is written into it';
  return 'before that its header gets what FFmpeg cannot be told of the master: lengths, edit lists, tags';
}

function segmentsOf(
  recipe: Recipe,
  media: MediaInfo,
  seconds: number | undefined,
): Pick<FfmpegPlan, 'isLong' | 'segments'> {
  const length = segmentLength({ recipe, media }, seconds);
  const frames = framesOf(media) ?? 0;
  const isLong = !!seconds && media.duration !== undefined && toNumber(media.duration) >= 2 * seconds;
  return { isLong, segments: length === undefined ? null : { count: Math.ceil(frames / length), frames: length } };
}

function refused({ code, reason }: Pick<Extract<RecipeResult, { kind: 'refused' }>, 'code' | 'reason'>): FfmpegPlan {
  return { ...NOTHING_MADE, refused: { code, reason }, arguments: [] };
}

function resolveArguments(profile: Profile): PlanResult['arguments'] {
  return resolveSettings(profile).map(({ setting, why }) => ({ words: [setting], why }));
}

/** Of camera RAW with a file for each frame, too: it has an engine, although no scan looks at it. */
const isPlannable = (kind: ExtensionKind | undefined): boolean => kind !== undefined && kind !== 'still';

function notMedia(path: VirtualPath): ProxyfsError {
  return new ProxyfsError('request/invalid', `'${path}' is not a media file: there is nothing to plan`);
}
