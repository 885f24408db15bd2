/**
 * What an attempt that was cut short has finished, told from its journal and its outputs.
 *
 * A clip with an end in the journal has that end. One that was just getting its final name
 * is finished when the file of that name is the one that the journal announced.
 */

import { ProxyfsError } from '../base/error.js';
import { exitCodeOf } from '../base/exit-code.js';
import type { RealPath } from '../base/paths.js';
import { blake3OfFile } from '../fingerprint/whole-file.js';
import { totalsOf } from '../jobspec/assemble-result.js';
import type { ClipResult, JobResult } from '../jobspec/result.js';
import type { JournalContent } from './journal.js';

/** By index: every clip that came to an end. */
export async function endedClips(journal: JournalContent): Promise<Map<number, ClipResult>> {
  const ended = new Map(journal.finished);
  for (const [index, { output, size, blake3 }] of journal.publishing) {
    const planned = journal.begun?.clips.find((clip) => clip.index === index);
    if (ended.has(index) || planned === undefined || !(await isThisFile(output, blake3))) continue;
    const warnings = [...planned.warnings, 'its watcher died before it could record how the file was made'];
    ended.set(index, { ...planned, status: 'completed', output_size: size, blake3, warnings });
  }
  return ended;
}

/** By output: the clips that need not be made again, since their files are still what they were. */
export async function keptClips(journal: JournalContent): Promise<Map<string, ClipResult>> {
  const kept = new Map<string, ClipResult>();
  for (const clip of (await endedClips(journal)).values()) {
    if (clip.blake3 === null || clip.status === 'failed') continue;
    if (await isThisFile(clip.output, clip.blake3)) kept.set(clip.output, clip);
  }
  return kept;
}

/** The result of a spec whose watcher died: FAILED, with every clip's state as it is known. */
export async function interruptedResult(base: JobResult, journal: JournalContent, reason: string): Promise<JobResult> {
  const ended = await endedClips(journal);
  const planned = journal.begun ?? base;
  const clips = planned.clips.map((clip) => ended.get(clip.index) ?? unfinished(clip, journal.started.has(clip.index)));
  const done = clips.filter(({ status }) => status === 'completed' || status === 'skipped').length;
  const far = clips.length === 0 ? 'nothing had been made' : `${done} of ${clips.length} clips were finished`;
  const error = new ProxyfsError('job/cancelled', `interrupted: ${reason}; ${far}`);
  return {
    ...planned,
    status: 'FAILED',
    exit_code: exitCodeOf(error),
    interrupted: true,
    error: { code: error.code, message: error.message },
    clips,
    totals: totalsOf(clips),
  };
}

function unfinished(clip: ClipResult, wasStarted: boolean): ClipResult {
  return wasStarted ? { ...clip, status: 'interrupted' } : clip;
}

async function isThisFile(path: string, blake3: string): Promise<boolean> {
  try {
    return (await blake3OfFile(path as RealPath)) === blake3;
  } catch (error) {
    // Gone, or no file any more: not the one that was made.
    if (error instanceof ProxyfsError) return false;
    throw error;
  }
}
