/** Puts a result together, of a job that ran or of one that was refused. Pure. */

import type { ProxyfsError } from '../base/error.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { jobIdOf } from './check-job.js';
import { environmentOf } from './environment.js';
import type { JobPlan } from './job-plan.js';
import type { ParsedSpec } from './parse-spec.js';
import { type ClipResult, exitCodeOfJob, type JobResult, type Publication, statusOf } from './result.js';
import type { Violation } from './violation.js';

export interface Finished {
  readonly plan: JobPlan;
  readonly clips: readonly ClipResult[];
  readonly error: ProxyfsError | undefined;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly interrupted: boolean;
}

export function assembleResult({ plan, clips, error, startedAt, finishedAt, interrupted }: Finished): JobResult {
  const { profile, spec, toolchain, jobId } = plan;
  return settle({
    ...NOTHING,
    job_id: jobId,
    jobspec_version: spec.jobspec_version,
    interrupted,
    started_at: new Date(startedAt).toISOString(),
    finished_at: new Date(finishedAt).toISOString(),
    duration_seconds: (finishedAt - startedAt) / 1000,
    spec,
    environment: environmentOf(toolchain, profile.engine),
    error: error === undefined ? null : { code: error.code, message: error.message },
    clips: [...clips],
    totals: totalsOf(clips),
    _metadata: {
      engine_used: profile.engine,
      proxy_profile_used: profile.name,
      jobspec_version: spec.jobspec_version,
      ...(profile.engine === 'resolve' ? { resolve_preset_used: spec.resolve_preset ?? null } : {}),
    },
  });
}

/** The result of a job that nothing was run of: it has violations, or the machine is in the way. */
export function refusedResult(
  parsed: ParsedSpec | undefined,
  refused: {
    readonly violations?: readonly Violation[];
    readonly error?: ProxyfsError;
    readonly toolchain?: Toolchain;
  },
): JobResult {
  const { violations = [], error, toolchain } = refused;
  const version = parsed?.draft.jobspec_version ?? null;
  return settle({
    ...NOTHING,
    job_id: parsed?.ok ? jobIdOf(parsed.spec) : null,
    jobspec_version: version,
    spec: parsed?.ok ? parsed.spec : null,
    environment: toolchain === undefined ? null : environmentOf(toolchain, undefined),
    violations: violations.map((violation) => ({ ...violation })),
    error: error === undefined ? null : { code: error.code, message: error.message },
    _metadata: { ...NOTHING._metadata, jobspec_version: version },
  });
}

/** The result with what became of its clips in a project. */
export function withPublication(result: JobResult, publication: Publication): JobResult {
  return settle({ ...result, publication });
}

/** Status and exit code follow from the rest. */
function settle(result: JobResult): JobResult {
  return { ...result, status: statusOf(result), exit_code: exitCodeOfJob(result) };
}

export function totalsOf(clips: readonly ClipResult[]): JobResult['totals'] {
  const count = (status: ClipResult['status']) => clips.filter((clip) => clip.status === status).length;
  const done = clips.filter(({ status }) => status === 'completed');
  const sum = (value: (clip: ClipResult) => number | null) =>
    done.reduce((total, clip) => total + (value(clip) ?? 0), 0);
  return {
    ...{ clips: clips.length, completed: count('completed'), skipped: count('skipped'), failed: count('failed') },
    ...{ interrupted: count('interrupted'), not_started: count('not-started') },
    ...{ frames: sum((clip) => clip.frames), input_bytes: sum((clip) => clip.input.size) },
    output_bytes: sum((clip) => clip.output_size),
  };
}

const NOTHING: JobResult = {
  ...{ result_version: '1.0', job_id: null, jobspec_version: null, status: 'FAILED', exit_code: 0, interrupted: false },
  ...{ started_at: null, finished_at: null, duration_seconds: null, spec: null, environment: null },
  ...{ violations: [], error: null, clips: [], totals: totalsOf([]), publication: null },
  _metadata: { engine_used: null, proxy_profile_used: null, jobspec_version: null },
};
