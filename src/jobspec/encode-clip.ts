/** The engine's part of a clip: FFmpeg as for a mount, or DaVinci Resolve. */

import type { RealPath } from '../base/paths.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { blake3OfParts } from '../fingerprint/blake3.js';
import { type Encoding, encode, finishAndReadBack } from '../generate/encode.js';
import { framesOf } from '../generate/plan.js';
import { renderWithResolve, resolveSettings } from '../generate/resolve-engine.js';
import { canonicalJson } from '../profiles/recipe-hash.js';
import type { ValidationReport } from '../validate/report.js';
import type { ClipPlan, JobPlan } from './job-plan.js';
import { validateRender } from './validate-render.js';

export interface EncodeClipOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EncodeProgress) => void;
  readonly stallMs: number | undefined;
}

export interface EncodedClip {
  readonly file: RealPath;
  readonly command: readonly string[];
  readonly exitCode: number | null;
  readonly recipeHash: string;
  readonly warnings: readonly string[];
  readonly frames: number | undefined;
  /** Finishes the file, reads it back and compares it with its master. */
  validate(): Promise<ValidationReport>;
}

/** Rejects with the error of the engine or 'job/cancelled'; what is left at `output` is the caller's to remove. */
export async function encodeClip(
  plan: JobPlan,
  clip: ClipPlan,
  output: RealPath,
  options: EncodeClipOptions,
): Promise<EncodedClip> {
  const { work, media, master } = clip;
  if (work.engine === 'resolve' || media === undefined) return await renderClip(plan, clip, output, options);
  const { recipe, poolKey } = work;
  const encoding: Encoding = { master, media, recipe, poolKey, output, relative: true, ...options };
  const run = await encode(plan.toolchain, encoding);
  return {
    file: output,
    command: run.command,
    exitCode: 0,
    recipeHash: recipe.hash,
    warnings: run.lastLines,
    frames: framesOf(media),
    validate: () => finishAndReadBack(plan.toolchain, encoding),
  };
}

async function renderClip(
  { profile, spec, toolchain }: JobPlan,
  { master, media }: ClipPlan,
  output: RealPath,
  { signal, onProgress }: EncodeClipOptions,
): Promise<EncodedClip> {
  const preset = spec.resolve_preset ?? undefined;
  const frames = media === undefined ? undefined : framesOf(media);
  const file = await renderWithResolve(
    { profile, master, output, preset },
    {
      signal,
      onProgress: (percent) =>
        onProgress({ frame: Math.round(((frames ?? 0) * percent) / 100), fps: 0, speed: 0, outTimeUs: 0, done: false }),
    },
  );
  const settings = resolveSettings(profile, preset).map(({ setting }) => setting);
  return {
    file,
    command: ['DaVinci Resolve', ...settings, master],
    exitCode: null,
    recipeHash: blake3OfParts([
      'resolve',
      canonicalJson({ profile: profile.name, version: profile.version, settings }),
    ]),
    warnings: [],
    frames,
    validate: () => validateRender(toolchain, { profile, master: media, file, signal }),
  };
}
