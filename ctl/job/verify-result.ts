/** Runs the job of a result again, throws the outputs away, and compares. */

import { ProxyfsError } from '../../src/base/error.js';
import { EXIT } from '../../src/base/exit-code.js';
import { refusedResult } from '../../src/jobspec/assemble-result.js';
import { jobIdOf } from '../../src/jobspec/check-job.js';
import { type ParsedSpec, parseJobSpec } from '../../src/jobspec/parse-spec.js';
import { readJobFile } from '../../src/jobspec/read-job-file.js';
import type { JobResult } from '../../src/jobspec/result.js';
import { runJob } from '../../src/jobspec/run-job.js';
import { LARGEST_RESULT, readResult, type Verification, verify } from '../../src/jobspec/verify.js';
import type { Terminal } from '../terminal.js';
import { jobDisplay } from './job-display.js';
import { refusedLines, verificationLines } from './job-text.js';
import { prepareJob } from './prepare-job.js';
import { checkResultFile, type PrintedJob, writeResultFile } from './result-file.js';

export interface VerifyOptions {
  readonly maxWorkers: number;
  readonly failFast: boolean;
  readonly resultFile: string | undefined;
}

/** Rejects with 'request/invalid' when RESULT is none, or belongs to another job. */
export async function verifyResult(
  path: string,
  job: string | undefined,
  terminal: Terminal,
  options: VerifyOptions,
): Promise<PrintedJob> {
  await checkResultFile(options.resultFile);
  const text = await readJobFile(path, terminal.stdin as AsyncIterable<Buffer | string>, LARGEST_RESULT);
  if (!text.ok) throw unusable(path, text.violations[0]?.message ?? 'it cannot be read');
  const read = readResult(text.bytes);
  if (!read.ok) throw unusable(path, read.reason);
  if (job !== undefined) await requireSameJob(job, read.result, terminal);
  const stop = new AbortController();
  const stopListening = terminal.onInterrupt(() => stop.abort());
  try {
    const again = await runAgain(read.parsed, terminal, options, stop.signal);
    if (again.clips.length === 0) {
      const printed = { document: again, exitCode: again.exit_code, lines: refusedLines(path, again) };
      return await writeResultFile(printed, options.resultFile);
    }
    const verification = await verify(read.result, again);
    const exitCode = verification.equal ? EXIT.success : exitCodeOf(again);
    return await writeResultFile(
      { document: verification, exitCode, lines: spoken(verification, terminal) },
      options.resultFile,
    );
  } finally {
    stopListening();
  }
}

async function runAgain(
  parsed: ParsedSpec,
  terminal: Terminal,
  { maxWorkers, failFast }: VerifyOptions,
  signal: AbortSignal,
): Promise<JobResult> {
  const display = await jobDisplay(terminal);
  try {
    const how = { outputExists: 'overwrite', discard: true, signal, onChecked: display.checked } as const;
    const prepared = await prepareJob(parsed, terminal, how);
    if (prepared.kind === 'refused') return refusedResult(parsed, prepared);
    return await runJob(prepared.plan, { maxWorkers, failFast, signal, discard: true, onEvent: display.listen });
  } finally {
    display.end();
  }
}

/** The machine in the way is said as such; everything else is a difference. */
function exitCodeOf(again: JobResult): number {
  return again.exit_code === EXIT.systemError ? EXIT.systemError : EXIT.executionFailed;
}

function spoken(verification: Verification, terminal: Terminal): string[] {
  const isQuiet = verification.equal && verification.environment.equal && !terminal.interactiveErrors;
  return isQuiet ? [] : verificationLines(verification);
}

async function requireSameJob(job: string, { job_id: id }: JobResult, terminal: Terminal): Promise<void> {
  const text = await readJobFile(job, terminal.stdin as AsyncIterable<Buffer | string>);
  const parsed = text.ok ? parseJobSpec(text.bytes) : undefined;
  if (parsed?.ok && jobIdOf(parsed.spec) === id) return;
  throw new ProxyfsError(
    'request/invalid',
    `'${job}' is not the job of this result (${id}): leave it out, the result has its spec`,
  );
}

function unusable(path: string, reason: string): ProxyfsError {
  return new ProxyfsError('request/invalid', `'${path}' cannot be verified: ${reason}`);
}
