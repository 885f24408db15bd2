/**
 * What a job has done so far, durable before anything is done about it: the witness after a
 * crash. It lies in the claim's folder and goes with the spec when that is put back.
 *
 * One JSON object a line. A line that breaks off is one that was never finished writing. Writes
 * are synchronous, since a clip must not get its final name before its line is on the disk.
 */

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf } from '../base/error.js';
import { type ClipResult, clipResultSchema, type JobResult, jobResultSchema } from '../jobspec/result.js';

const lineSchema = z.discriminatedUnion('kind', [
  /** The result as it would be if nothing more happened: every clip not started. */
  z.object({ kind: z.literal('begun'), specHash: z.string(), result: jobResultSchema }),
  z.object({ kind: z.literal('started'), index: z.number() }),
  z.object({
    kind: z.literal('publishing'),
    index: z.number(),
    output: z.string(),
    size: z.number(),
    blake3: z.string(),
  }),
  z.object({ kind: z.literal('finished'), clip: clipResultSchema }),
]);
export type JournalLine = z.infer<typeof lineSchema>;

export interface JournalContent {
  readonly specHash: string | undefined;
  /** Undefined: the job was not begun. */
  readonly begun: JobResult | undefined;
  readonly started: ReadonlySet<number>;
  readonly publishing: ReadonlyMap<number, { readonly output: string; readonly size: number; readonly blake3: string }>;
  readonly finished: ReadonlyMap<number, ClipResult>;
  readonly text: string;
}

const JOURNAL = 'journal.jsonl';

/** Beside the specs in `pending`, hidden: what was finished of the spec with these bytes. */
export const resumeFileOf = (specHash: string): string => `.resume.${specHash.slice(0, 32)}.jsonl`;

export const journalOf = (folder: string): string => join(folder, JOURNAL);

export class Journal {
  readonly #fd: number;

  constructor(folder: string) {
    this.#fd = openSync(journalOf(folder), 'a');
  }

  /** Returns when the line would survive a power cut. */
  append(line: JournalLine): void {
    // The newline before it closes a line that broke off.
    const bytes = Buffer.from(`\n${JSON.stringify(line)}`);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export async function readJournal(folder: string): Promise<JournalContent> {
  return parseJournal(await textOrNothing(journalOf(folder)));
}

/** A later attempt adds to the earlier ones: an output that one of them has made stays made, a failure is tried again. */
export function parseJournal(text: string): JournalContent {
  const started = new Set<number>();
  const publishing: Map<number, { output: string; size: number; blake3: string }> = new Map();
  const finished = new Map<number, ClipResult>();
  let begun: Extract<JournalLine, { kind: 'begun' }> | undefined;
  for (const line of text.split('\n').flatMap(parseLine)) {
    if (line.kind === 'begun') {
      begun = line;
      started.clear();
      for (const [index, clip] of finished) if (clip.status === 'failed') finished.delete(index);
    } else if (line.kind === 'started') started.add(line.index);
    else if (line.kind === 'publishing') publishing.set(line.index, line);
    else if (!isUndone(line.clip)) finished.set(line.clip.index, line.clip);
  }
  return { specHash: begun?.specHash, begun: begun?.result, started, publishing, finished, text };
}

/** A clip that was stopped, not one that ended. */
const isUndone = ({ status }: ClipResult): boolean => status === 'interrupted' || status === 'not-started';

function parseLine(text: string): JournalLine[] {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(text));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}

async function textOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
