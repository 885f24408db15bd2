/**
 * Runs a plan: so many clips at a time, in the order of the spec, each once.
 *
 * Promises: never rejects for what a clip, the disk or the signal does; the result says
 * it. When it settles no encoder runs and the output folder holds finished files only.
 */

import { tmpdir } from 'node:os';
import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import { ProxyfsError, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { framesOf } from '../generate/plan.js';
import { assembleResult } from './assemble-result.js';
import type { JobListener } from './events.js';
import type { ClipPlan, JobPlan } from './job-plan.js';
import type { ClipResult, JobResult } from './result.js';
import { emptyResult, runClip } from './run-clip.js';
import { makeWorkFolder, removeWorkFolder, sweepWorkFolders } from './work-folder.js';

export interface RunJobOptions {
  readonly signal: AbortSignal;
  /** Clips at a time; default 1. */
  readonly maxWorkers?: number | undefined;
  /** The first failure stops the clips that run, and starts no other. */
  readonly failFast?: boolean | undefined;
  /** Called synchronously; see events.ts. */
  readonly onEvent?: JobListener | undefined;
  /** Make the outputs in the temporary directory, hash them and throw them away. */
  readonly discard?: boolean | undefined;
  readonly clock?: Clock | undefined;
  /** How long an encoder may make no progress. */
  readonly stallMs?: number | undefined;
}

export async function runJob(plan: JobPlan, options: RunJobOptions): Promise<JobResult> {
  const { onEvent = () => undefined, clock = systemClock, discard = false } = options;
  const startedAt = clock.now();
  onEvent({ event: 'job-started', job_id: plan.jobId, clips: plan.clips.length, frames: framesIn(plan.clips) });
  let clips: readonly ClipResult[] = plan.clips.map(emptyResult);
  let error: ProxyfsError | undefined;
  let wasStopped = false;
  try {
    const base = discard ? (tmpdir() as RealPath) : plan.outputDir;
    await sweepWorkFolders(base);
    const folder = await makeWorkFolder(base);
    try {
      ({ clips, wasStopped } = await runClips(plan, folder, { ...options, onEvent, clock, discard }));
    } finally {
      await removeWorkFolder(folder);
    }
  } catch (thrown) {
    const known = toProxyfsError(thrown);
    error = new ProxyfsError(known.code, `the job could not be run in '${plan.outputDir}': ${known.message}`);
  }
  const result = assembleResult({
    ...{ plan, clips, error, startedAt, finishedAt: clock.now(), interrupted: wasStopped },
  });
  onEvent({ event: 'job-finished', job_id: plan.jobId, status: result.status });
  return result;
}

type Settled = RunJobOptions & { readonly onEvent: JobListener; readonly clock: Clock; readonly discard: boolean };

async function runClips(plan: JobPlan, folder: RealPath, options: Settled) {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const { onEvent, clock, discard, stallMs } = options;
  const results = plan.clips.map(emptyResult);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < plan.clips.length; at = next++) {
      const clip = plan.clips[at];
      if (clip === undefined || signal.aborted) continue;
      onEvent({ event: 'clip-started', index: clip.index, source: clip.source, output: clip.output });
      const result = await runClip(clip, { plan, folder, discard, signal, onEvent, clock, stallMs });
      results[at] = result;
      onEvent({ event: 'clip-finished', index: clip.index, clip: result });
      if (result.status === 'failed' && options.failFast) stop.abort();
    }
  };
  const workers = Math.max(1, Math.min(options.maxWorkers ?? 1, plan.clips.length));
  await Promise.all(Array.from({ length: workers }, worker));
  return { clips: results, wasStopped: signal.aborted && results.some(({ status }) => isUnfinished(status)) };
}

const isUnfinished = (status: ClipResult['status']): boolean => status === 'interrupted' || status === 'not-started';

function framesIn(clips: readonly ClipPlan[]): number {
  return clips.reduce((sum, { media }) => sum + (media === undefined ? 0 : (framesOf(media) ?? 0)), 0);
}
