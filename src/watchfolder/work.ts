/**
 * One spec from claim to end: read, run, and either ended with a result or put back.
 *
 * A spec's own faults never reject: they are its result. What rejects is the storage, which
 * is tried again for `patienceMs`, since a full disk is somebody's to clear; then the claim is
 * left as it is, for the next start to resolve.
 */

import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, ProxyfsError, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { blake3OfParts } from '../fingerprint/blake3.js';
import type { JobListener } from '../jobspec/events.js';
import { exitCodeOfJob, type JobResult, statusOf } from '../jobspec/result.js';
import type { Violation } from '../jobspec/violation.js';
import { sweepWorkFolders } from '../jobspec/work-folder.js';
import { type Claim, specOf } from './claim.js';
import { interruptedResult } from './earlier-work.js';
import { type Ending, publish, putBack, recordResult, resultFolderOf } from './ending.js';
import type { WatchListener } from './events.js';
import {
  Journal,
  type JournalContent,
  type JournalLine,
  journalOf,
  parseJournal,
  readJournal,
  resumeFileOf,
} from './journal.js';
import type { EndFolder, Layout } from './layout.js';
import { readSpec } from './read-spec.js';
import { reserveName } from './reservation.js';

/** Runs specs; the real one is `job-runner.ts`. */
export interface SpecRunner {
  /** Checks and runs. Resolves with a result that says `interrupted` when the signal ended it. */
  run(spec: Buffer, options: SpecRun): Promise<JobResult>;
  /** The result of a spec that was not run. */
  refuse(spec: Buffer | undefined, violations: readonly Violation[]): JobResult;
}

export interface SpecRun {
  /** What an earlier attempt has finished. */
  readonly earlier: JournalContent;
  readonly signal: AbortSignal;
  readonly onEvent: JobListener;
  /** Durable when it returns. */
  readonly record: (line: JournalLine) => void;
  readonly specHash: string;
}

export interface WorkContext {
  readonly layout: Layout;
  readonly runner: SpecRunner;
  readonly onEvent: WatchListener;
  readonly patienceMs: number;
}

export type WorkEnd = { readonly kind: 'ended'; readonly folder: EndFolder } | { readonly kind: 'returned' };

/** Runs the spec of a claim and ends the claim. */
export async function workOn(context: WorkContext, claim: Claim, signal: AbortSignal): Promise<WorkEnd> {
  await patiently(context, signal, () => reserveName(context.layout, claim));
  context.onEvent({ event: 'taken', name: claim.record.stem, spec: claim.record.spec });
  const result = await perform(context, claim, signal);
  if (result === 'stopped') return await giveBack(context, claim);
  return await endWith(context, claim, signal, result);
}

/** Ends a claim whose watcher died, without running anything. */
export async function endInterrupted(
  context: WorkContext,
  claim: Claim,
  signal: AbortSignal,
  reason: string,
): Promise<WorkEnd> {
  await patiently(context, signal, () => reserveName(context.layout, claim));
  const spec = await readSpec(specOf(claim)).catch(() => undefined);
  const specHash = spec === undefined ? undefined : blake3OfParts([spec]);
  const journal = specHash === undefined ? parseJournal('') : await earlierWork(context.layout, claim, specHash);
  const result = await interruptedResult(context.runner.refuse(spec, []), journal, reason);
  // Left by a watcher that died while it was putting this spec back.
  if (specHash !== undefined) await rm(join(context.layout.pending, resumeFileOf(specHash)), { force: true });
  await sweepOutputs(result);
  return await endWith(context, claim, signal, result);
}

/** Half-made files are no outputs, and go with the claim; where that fails the next job in the folder does it. */
async function sweepOutputs({ clips }: JobResult): Promise<void> {
  const folders = new Set(clips.map(({ output }) => dirname(output) as RealPath));
  for (const folder of folders) await sweepWorkFolders(folder).catch(() => 0);
}

/** Ends a claim whose watcher died after it had written the result. */
export async function endFinished({ layout, onEvent }: WorkContext, claim: Claim): Promise<WorkEnd> {
  // It keeps its name, which its own result may have taken already.
  const folder = (await resultFolderOf(claim)) ?? 'failed';
  tell(onEvent, claim, await publish(layout, claim, folder), undefined);
  return { kind: 'ended', folder };
}

async function giveBack({ layout, onEvent }: WorkContext, claim: Claim): Promise<WorkEnd> {
  const name = claim.record.stem;
  onEvent({ event: 'returned', name, spec: await putBack(layout, claim) });
  return { kind: 'returned' };
}

async function endWith(context: WorkContext, claim: Claim, signal: AbortSignal, result: JobResult): Promise<WorkEnd> {
  const folder: EndFolder = result.status === 'COMPLETED' ? 'completed' : 'failed';
  await patiently(context, signal, () => recordResult(claim, folder, result));
  const ending = await patiently(context, signal, () => publish(context.layout, claim, folder));
  tell(context.onEvent, claim, ending, result);
  return { kind: 'ended', folder };
}

async function perform(context: WorkContext, claim: Claim, signal: AbortSignal): Promise<JobResult | 'stopped'> {
  const { layout, runner, onEvent } = context;
  if (signal.aborted) return 'stopped';
  let spec: Buffer;
  try {
    spec = await readSpec(specOf(claim));
  } catch (error) {
    if (!(error instanceof ProxyfsError)) throw error;
    return runner.refuse(undefined, [{ pointer: '', message: error.message }]);
  }
  const specHash = blake3OfParts([spec]);
  const earlier = await earlierWork(layout, claim, specHash);
  const journal = await patiently(context, signal, async () => new Journal(claim.folder));
  const witness = new Witness(journal);
  try {
    const result = await runner.run(spec, {
      earlier,
      signal: AbortSignal.any([signal, witness.signal]),
      specHash,
      onEvent: (event) => onEvent({ name: claim.record.stem, ...event }),
      record: (line) => witness.record(line),
    });
    if (signal.aborted && result.interrupted) return 'stopped';
    return witness.trouble === undefined ? result : settle({ ...result, error: witness.trouble });
  } catch (error) {
    // What a clip does is in the result: this is an abort while it was checked, or our own mistake.
    if (signal.aborted) return 'stopped';
    const { code, message } = witness.trouble ?? toProxyfsError(error);
    return settle({ ...runner.refuse(spec, []), error: { code, message } });
  } finally {
    journal.close();
  }
}

/** Status and exit code follow from the rest. */
const settle = (result: JobResult): JobResult => ({
  ...result,
  status: statusOf(result),
  exit_code: exitCodeOfJob(result),
});

/** Without a witness of what it does a job must not go on: it is stopped when the journal cannot be written. */
class Witness {
  readonly #journal: Journal;
  readonly #stop = new AbortController();
  trouble: { readonly code: string; readonly message: string } | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Throws only before a clip would get its name: without a line it must not. */
  record(line: JournalLine): void {
    try {
      this.#journal.append(line);
    } catch (error) {
      const { code, message } = toProxyfsError(error);
      this.trouble ??= { code, message: `the journal of the job cannot be written (${message}): free some space` };
      this.#stop.abort();
      if (line.kind === 'publishing') throw error;
    }
  }
}

/**
 * The journal in the claim, or the one that was left when the same spec was put back: that becomes
 * the claim's own, so that another cut loses nothing of it. The rename decides who gets it.
 */
async function earlierWork(layout: Layout, claim: Claim, specHash: string): Promise<JournalContent> {
  const own = await readJournal(claim.folder);
  if (own.text !== '') return own.specHash === specHash ? own : parseJournal('');
  try {
    await rename(join(layout.pending, resumeFileOf(specHash)), journalOf(claim.folder));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return await readJournal(claim.folder);
}

const RETRY_MS = 2000;
const PASSING = ['ENOSPC', 'EDQUOT', 'EIO', 'ESTALE', 'ENOMEM', 'EMFILE', 'ENFILE'];

/** Tries again while the storage refuses; a watcher that is told to stop tries once. */
async function patiently<T>(
  { patienceMs, onEvent }: WorkContext,
  signal: AbortSignal,
  step: () => Promise<T>,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (!PASSING.includes(errno) || performance.now() >= until || signal.aborted) throw error;
      if (attempt === 0)
        onEvent({ event: 'waiting', reason: `the folder cannot be written (${errno}): free some space` });
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function tell(onEvent: WatchListener, claim: Claim, { folder, result }: Ending, job: JobResult | undefined): void {
  const status = job?.status ?? (folder === 'completed' ? 'COMPLETED' : 'FAILED');
  const reason = job === undefined ? null : reasonOf(job);
  onEvent({ event: 'ended', name: claim.record.stem, folder, status, reason, result });
}

/** The first sentence that says why. */
function reasonOf({ error, violations, clips }: JobResult): string | null {
  const failed = clips.find(({ failure }) => failure !== null);
  return error?.message ?? violations[0]?.message ?? failed?.failure?.reason ?? null;
}
