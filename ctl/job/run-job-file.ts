/** Runs one job file to its result document. */

import { refusedResult } from '../../src/jobspec/assemble-result.js';
import type { OutputExists } from '../../src/jobspec/job-plan.js';
import { parseJobSpec } from '../../src/jobspec/parse-spec.js';
import { readJobFile } from '../../src/jobspec/read-job-file.js';
import type { JobResult } from '../../src/jobspec/result.js';
import { runJob } from '../../src/jobspec/run-job.js';
import type { Terminal } from '../terminal.js';
import { type JobDisplay, jobDisplay } from './job-display.js';
import { refusedLines, resultLines } from './job-text.js';
import { type PreparedJob, prepareJob } from './prepare-job.js';
import { openPublication } from './publish-job.js';
import { checkResultFile, type PrintedJob, writeResultFile } from './result-file.js';

export interface RunFileOptions {
  readonly outputExists: OutputExists;
  readonly maxWorkers: number;
  readonly failFast: boolean;
  readonly resultFile: string | undefined;
  readonly publish: string | undefined;
}

/** Rejects with 'request/invalid' for a result file that cannot be; all else is in the document. */
export async function runJobFile(job: string, terminal: Terminal, options: RunFileOptions): Promise<PrintedJob> {
  await checkResultFile(options.resultFile);
  const stop = new AbortController();
  const stopListening = terminal.onInterrupt(() => stop.abort());
  try {
    const result = await runToResult(job, terminal, options, stop.signal);
    const wasRun = result.clips.length > 0;
    const lines = wasRun ? spoken(result, terminal) : refusedLines(job, result);
    return await writeResultFile({ document: result, exitCode: result.exit_code, lines }, options.resultFile);
  } finally {
    stopListening();
  }
}

async function runToResult(
  job: string,
  terminal: Terminal,
  options: RunFileOptions,
  signal: AbortSignal,
): Promise<JobResult> {
  const text = await readJobFile(job, terminal.stdin as AsyncIterable<Buffer | string>);
  if (!text.ok) return refusedResult(undefined, text);
  const { outputExists } = options;
  const display = await jobDisplay(terminal);
  try {
    const how = { outputExists, signal, onChecked: display.checked };
    const prepared = await prepareJob(parseJobSpec(text.bytes), terminal, how);
    return await runPrepared(prepared, display, terminal, options, signal);
  } finally {
    display.end();
  }
}

async function runPrepared(
  prepared: PreparedJob,
  display: JobDisplay,
  terminal: Terminal,
  options: RunFileOptions,
  signal: AbortSignal,
): Promise<JobResult> {
  if (prepared.kind === 'refused') return refusedResult(prepared.parsed, prepared);
  const project =
    options.publish === undefined ? undefined : await openPublication(options.publish, prepared.plan, terminal);
  if (project !== undefined && 'violations' in project) return refusedResult(prepared.parsed, project);
  const { maxWorkers, failFast } = options;
  try {
    const result = await runJob(prepared.plan, { maxWorkers, failFast, signal, onEvent: display.listen });
    return project === undefined ? result : await project.publish(result, signal);
  } finally {
    project?.close();
  }
}

/** A job that succeeded is quiet where nobody watches. */
function spoken(result: JobResult, terminal: Terminal): string[] {
  return result.exit_code === 0 && !terminal.interactiveErrors ? [] : resultLines(result);
}
