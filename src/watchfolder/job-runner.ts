/**
 * Runs specs as `proxyfs run` does: the same parser, the same checks and the same engine, one clip
 * after the other, with every step written down before anything is done about it.
 *
 * An output that is there already refuses the spec, except where an earlier attempt of the
 * same spec has made it and its BLAKE3 is still what was recorded: that clip is kept.
 */

import { toProxyfsError } from '../base/error.js';
import { assembleResult, refusedResult } from '../jobspec/assemble-result.js';
import { type CheckedJob, checkJob } from '../jobspec/check-job.js';
import type { JobEvent } from '../jobspec/events.js';
import type { JobPlan, OutputExists } from '../jobspec/job-plan.js';
import type { MountedProject } from '../jobspec/master-path.js';
import { type ParsedSpec, parseJobSpec } from '../jobspec/parse-spec.js';
import type { ClipResult, JobResult } from '../jobspec/result.js';
import { emptyResult } from '../jobspec/run-clip.js';
import { runJob } from '../jobspec/run-job.js';
import { keptClips } from './earlier-work.js';
import { LocatedFfmpeg } from './located-ffmpeg.js';
import type { SpecRun, SpecRunner } from './work.js';

export interface JobRunnerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly outputExists: OutputExists;
  /** Asked for each spec: projects come and go while the watcher runs. */
  readonly projects: () => Promise<readonly MountedProject[]>;
}

type Kept = ReadonlyMap<string, ClipResult>;

interface Context extends JobRunnerOptions {
  readonly ffmpeg: LocatedFfmpeg;
}

export function jobRunner(options: JobRunnerOptions): SpecRunner {
  const { env } = options;
  const context = { ...options, ffmpeg: new LocatedFfmpeg({ env, ffmpegPath: env['PROXYFS_FFMPEG'] || undefined }) };
  return {
    refuse: (spec, violations) => refusedResult(spec === undefined ? undefined : parseJobSpec(spec), { violations }),
    run: (spec, run) => runSpec(parseJobSpec(spec), run, context),
  };
}

/** Rejects only when the signal ends it before anything was run. */
async function runSpec(parsed: ParsedSpec, run: SpecRun, context: Context): Promise<JobResult> {
  try {
    const kept = await keptClips(run.earlier);
    const checked = await check(parsed, run, kept, context);
    if (!checked.ok) return refusedResult(parsed, { violations: checked.violations });
    return await runPlan(checked.plan, run, kept);
  } catch (thrown) {
    if (run.signal.aborted) throw thrown;
    return refusedResult(parsed, { error: toProxyfsError(thrown) });
  }
}

async function check(parsed: ParsedSpec, { signal }: SpecRun, kept: Kept, context: Context): Promise<CheckedJob> {
  const toolchain = await context.ffmpeg.toolchain();
  const projects = await context.projects();
  const failsOnOthers = context.outputExists === 'fail' && kept.size > 0;
  const outputExists = failsOnOthers ? 'skip' : context.outputExists;
  const checked = await checkJob(parsed, { toolchain, projects, outputExists }, signal);
  if (!checked.ok || !failsOnOthers) return checked;
  const inTheWay = checked.plan.clips.filter((clip) => clip.isThere && !kept.has(clip.output));
  if (inTheWay.length === 0) return checked;
  const pointer = parsed.draft.pointers.output_name_template ?? '';
  const violations = inTheWay.map(({ output }) => ({
    pointer,
    message: `output '${output}' exists already, and is not what an earlier attempt of this spec has made: remove it`,
  }));
  return { ok: false, violations };
}

async function runPlan(plan: JobPlan, run: SpecRun, kept: Kept): Promise<JobResult> {
  run.record({ kind: 'begun', specHash: run.specHash, result: untilNow(plan) });
  const onEvent = (event: JobEvent) => {
    record(event, run);
    run.onEvent(event);
  };
  const result = await runJob(plan, { maxWorkers: 1, signal: run.signal, onEvent });
  return { ...result, clips: result.clips.map((clip) => (clip.status === 'skipped' ? asKept(clip, kept) : clip)) };
}

/** The result of a job that ends here and now. */
function untilNow(plan: JobPlan): JobResult {
  const now = Date.now();
  const clips = plan.clips.map(emptyResult);
  const result = assembleResult({ plan, clips, error: undefined, startedAt: now, finishedAt: now, interrupted: true });
  return { ...result, finished_at: null, duration_seconds: null };
}

function record(event: JobEvent, run: SpecRun): void {
  if (event.event === 'clip-started') run.record({ kind: 'started', index: event.index });
  if (event.event === 'clip-publishing') {
    const { index, output, size, blake3 } = event;
    run.record({ kind: 'publishing', index, output, size, blake3 });
  }
  // What was skipped has its line from the attempt that made it.
  if (event.event === 'clip-finished' && event.clip.status !== 'skipped')
    run.record({ kind: 'finished', clip: event.clip });
}

/** How it was made stands in the journal of the attempt that made it. */
function asKept(clip: ClipResult, kept: Kept): ClipResult {
  const made = kept.get(clip.output);
  if (made === undefined || made.blake3 !== clip.blake3) return clip;
  const warning =
    'kept from an earlier attempt of this spec, which was cut short: the output is still what was recorded then';
  return { ...made, index: clip.index, status: 'skipped', warnings: [...made.warnings, warning] };
}
