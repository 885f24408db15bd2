/**
 * One clip from its plan to its result: encode into the work folder, compare with the
 * master, prove the master untouched, give it its final name. No second try, and nothing
 * else instead.
 *
 * Promises: never rejects; when it settles, the clip has its output or nothing of it is
 * left. Concurrency: any number of calls for different clips.
 */

import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { ProxyfsError, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import { isOutOfSpace } from '../generate/failure.js';
import { framesOf } from '../generate/plan.js';
import { toNumber } from '../time/rational.js';
import { describeRejection, type ValidationReport } from '../validate/report.js';
import { encodeClip } from './encode-clip.js';
import type { JobListener } from './events.js';
import type { ClipPlan, JobPlan } from './job-plan.js';
import { assertUntouched } from './master-state.js';
import { publishOutput } from './publish-output.js';
import type { ClipResult } from './result.js';

export interface ClipContext {
  readonly plan: JobPlan;
  readonly folder: RealPath;
  /** The outputs are hashed and thrown away. */
  readonly discard: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: JobListener;
  readonly clock: Clock;
  readonly stallMs: number | undefined;
}

type Made = Partial<{ -readonly [K in keyof ClipResult]: ClipResult[K] }>;

export async function runClip(clip: ClipPlan, context: ClipContext): Promise<ClipResult> {
  const { plan, clock, discard } = context;
  const started = clock.now();
  const made: Made = { started_at: new Date(started).toISOString() };
  const temporary = join(context.folder, `clip-${String(clip.index).padStart(4, '0')}${extensionOf(clip)}`) as RealPath;
  try {
    if (clip.isThere && plan.outputExists === 'skip' && !discard) await skip(clip, context, made);
    else await make(clip, context, temporary, made);
  } catch (error) {
    fail(error, context.signal, made);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
  const finished = clock.now();
  made.finished_at = new Date(finished).toISOString();
  made.duration_seconds = seconds(finished - started);
  return { ...emptyResult(clip), ...made };
}

/** A clip that nothing has been done for yet. */
export function emptyResult(clip: ClipPlan): ClipResult {
  const { index, source, master, output, work, state, warnings } = clip;
  return {
    ...{ index, source, master, output, status: 'not-started', engine: work.engine },
    ...{ command: null, exit_code: null, started_at: null, finished_at: null, duration_seconds: null },
    ...{ frames: null, fps: null, speed: null },
    input: {
      size: Number(state.size),
      mtime_ns: String(state.mtimeNs),
      fingerprint: state.fingerprint,
      untouched: null,
    },
    ...{ output_size: null, blake3: null },
    recipe_hash: work.engine === 'ffmpeg' ? work.recipe.hash : null,
    ...{ validation: null, warnings: [...warnings], failure: null },
  };
}

async function skip(clip: ClipPlan, { signal }: ClipContext, made: Made): Promise<void> {
  made.blake3 = await blake3OfFile(clip.output, signal);
  made.output_size = (await stat(clip.output)).size;
  made.warnings = [...clip.warnings, 'the output was there already: it was neither made nor compared with its master'];
  made.status = 'skipped';
}

async function make(clip: ClipPlan, context: ClipContext, temporary: RealPath, made: Made): Promise<void> {
  const { plan, signal, onEvent, discard, clock } = context;
  await assertUntouched(clip, false);
  const onProgress = progressOf(clip, onEvent);
  const began = clock.now();
  const encoded = await encodeClip(plan, clip, temporary, { signal, onProgress, stallMs: context.stallMs });
  made.command = [...encoded.command];
  made.exit_code = encoded.exitCode;
  made.recipe_hash = encoded.recipeHash;
  made.warnings = [...clip.warnings, ...encoded.warnings.map(withoutAddresses)];
  const encodedIn = (clock.now() - began) / 1000;
  Object.assign(made, paceOf(clip, encoded.frames, encodedIn));
  const validation = await encoded.validate();
  made.validation = { ok: validation.ok, checks: validation.checks.map((check) => ({ ...check })) };
  // Of camera RAW only the finished file tells how many there are.
  if (encoded.frames === undefined) Object.assign(made, paceOf(clip, framesFound(validation), encodedIn));
  if (!validation.ok) throw rejected(validation);
  const blake3 = await blake3OfFile(encoded.file, signal);
  const { size } = await stat(encoded.file);
  await proveUntouched(clip, made);
  signal.throwIfAborted();
  if (!discard) {
    onEvent({ event: 'clip-publishing', index: clip.index, output: clip.output, size, blake3 });
    await publishOutput(encoded.file, clip.output, plan.outputExists === 'overwrite');
  }
  Object.assign(made, { blake3, output_size: size, status: 'completed' } satisfies Made);
}

async function proveUntouched(clip: ClipPlan, made: Made): Promise<void> {
  const input = emptyResult(clip).input;
  made.input = { ...input, untouched: false };
  await assertUntouched(clip, true);
  made.input = { ...input, untouched: true };
}

function fail(error: unknown, signal: AbortSignal, made: Made): void {
  const known = toProxyfsError(error);
  made.status = signal.aborted ? 'interrupted' : 'failed';
  const code = signal.aborted ? 'job/cancelled' : isOutOfSpace(error) ? 'system/no-space' : known.code;
  const lines = known.details['lastLines'];
  const lastLines = Array.isArray(lines) ? lines.map((line) => withoutAddresses(String(line))) : [];
  const command = known.details['command'];
  if (Array.isArray(command)) made.command = command.map(String);
  const exitCode = known.details['exitCode'];
  if (typeof exitCode === 'number') made.exit_code = exitCode;
  const reason = signal.aborted ? 'stopped before it was finished; nothing is left of it' : known.message;
  made.failure = { code, reason: withoutAddresses(reason), last_lines: lastLines };
}

function progressOf(clip: ClipPlan, onEvent: JobListener): (progress: EncodeProgress) => void {
  const frames = clip.media === undefined ? null : (framesOf(clip.media) ?? null);
  return ({ frame, fps, speed }) => onEvent({ event: 'clip-progress', index: clip.index, frame, frames, fps, speed });
}

function paceOf({ media }: ClipPlan, frames: number | undefined, took: number): Made {
  const length = media?.duration === undefined ? undefined : toNumber(media.duration);
  return {
    frames: frames ?? null,
    fps: frames === undefined || took <= 0 ? null : round(frames / took),
    speed: length === undefined || took <= 0 ? null : round(length / took),
  };
}

function framesFound({ checks }: ValidationReport): number | undefined {
  const found = Number(checks.find(({ field }) => field === 'frame count')?.found);
  return found > 0 ? found : undefined;
}

function rejected(report: ValidationReport): ProxyfsError {
  const message = `the finished file does not equal its master, and was removed: ${describeRejection(report)}`;
  return new ProxyfsError('validate/rejected', message);
}

function extensionOf({ work }: ClipPlan): string {
  return work.engine === 'ffmpeg' ? work.recipe.extension : work.extension;
}

/** FFmpeg says where its parts lie in memory, which is another place in every run. */
const withoutAddresses = (line: string): string => line.replace(/ @ 0x[0-9a-f]+/g, '');

const round = (value: number): number => Math.round(value * 1000) / 1000;
const seconds = (milliseconds: number): number => round(milliseconds / 1000);
