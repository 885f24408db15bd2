/**
 * Compares a second run of a job with the result of the first: the bytes that came out,
 * the environment, and the outputs as they lie on the disk now.
 */

import { z } from 'zod';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import { readJsonDocument } from './json-document.js';
import { type ParsedSpec, parseValue } from './parse-spec.js';
import { type ClipResult, environmentSchema, type JobResult, jobResultSchema } from './result.js';

/** Ten thousand clips with their commands and validation reports. */
export const LARGEST_RESULT = 256 * 1024 * 1024;

const hash = z.string().nullable();

export const verificationSchema = z.strictObject({
  verification_version: z.literal('1.0'),
  job_id: z.string().nullable(),
  equal: z.boolean().describe('Every output came out as the result says, and none on the disk is another'),
  environment: z.strictObject({
    equal: z.boolean(),
    differences: z.array(z.string()).describe('One sentence each'),
    earlier: environmentSchema.nullable(),
    now: environmentSchema.nullable(),
  }),
  clips: z.array(
    z.strictObject({
      index: z.number().int(),
      source: z.string(),
      output: z.string(),
      outcome: z.enum(['equal', 'different', 'not-made', 'not-compared']),
      expected: hash,
      found: hash,
      on_disk: z.enum(['equal', 'different', 'missing']),
      reason: z.string().nullable(),
    }),
  ),
});

export type Verification = z.infer<typeof verificationSchema>;

export type ReadResult =
  | { readonly ok: true; readonly result: JobResult; readonly parsed: ParsedSpec }
  | { readonly ok: false; readonly reason: string };

/** A result that can be verified: it belongs to a job that ran. */
export function readResult(bytes: Uint8Array): ReadResult {
  const { value, violations } = readJsonDocument(bytes, LARGEST_RESULT);
  const [violation] = violations;
  if (violation !== undefined) return { ok: false, reason: violation.message };
  const read = jobResultSchema.safeParse(value);
  if (!read.success) return { ok: false, reason: `it is no result of a job: ${firstIssue(read.error)}` };
  if (read.data.clips.length === 0) return { ok: false, reason: 'it is the result of a job that was refused' };
  return { ok: true, result: read.data, parsed: parseValue(read.data.spec) };
}

/** `again`: the second run, whose outputs were thrown away. */
export async function verify(then: JobResult, again: JobResult): Promise<Verification> {
  const clips = await Promise.all(
    then.clips.map((clip) =>
      compareClip(
        clip,
        again.clips.find(({ index }) => index === clip.index),
      ),
    ),
  );
  const differences = differencesOf(then, again);
  return {
    verification_version: '1.0',
    job_id: then.job_id,
    equal:
      clips.some(({ outcome }) => outcome === 'equal') &&
      clips.every(
        ({ outcome, on_disk }) => (outcome === 'equal' || outcome === 'not-compared') && on_disk !== 'different',
      ),
    environment: { equal: differences.length === 0, differences, earlier: then.environment, now: again.environment },
    clips,
  };
}

type Compared = Verification['clips'][number];

async function compareClip(then: ClipResult, again: ClipResult | undefined): Promise<Compared> {
  const { index, source, output, blake3: expected } = then;
  const found = again?.blake3 ?? null;
  const base = { index, source, output, expected, found, on_disk: await onDisk(then) };
  if (then.status !== 'completed' || expected === null) {
    return { ...base, outcome: 'not-compared', reason: `it was ${then.status} then` };
  }
  if (found === null)
    return { ...base, outcome: 'not-made', reason: again?.failure?.reason ?? 'it was not made again' };
  if (found === expected) return { ...base, outcome: 'equal', reason: null };
  return { ...base, outcome: 'different', reason: whyDifferent(then, again) };
}

function whyDifferent(then: ClipResult, again: ClipResult | undefined): string {
  if (then.input.fingerprint !== again?.input.fingerprint) return 'the source has other content now';
  if (then.recipe_hash !== again.recipe_hash) return 'the recipe is another one now';
  return 'the same recipe made other bytes of the same source';
}

async function onDisk({ output, blake3 }: ClipResult): Promise<Compared['on_disk']> {
  try {
    return blake3 === null || (await blake3OfFile(output as RealPath)) === blake3 ? 'equal' : 'different';
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR' ? 'missing' : 'different';
  }
}

/** What of the environment decides which bytes come out, and is another now. */
function differencesOf({ environment: then }: JobResult, { environment: now }: JobResult): string[] {
  const facts = [
    ['FFmpeg', then?.ffmpeg?.version, now?.ffmpeg?.version],
    ['the configuration of FFmpeg', then?.ffmpeg?.configuration_hash, now?.ffmpeg?.configuration_hash],
    ['proxyfs', then?.proxyfs, now?.proxyfs],
    ['the engine', then?.engine, now?.engine],
    ['the operating system', then?.os.platform, now?.os.platform],
    ['the processor', then?.os.arch, now?.os.arch],
  ] as const;
  return facts
    .filter(([, before, after]) => before !== after)
    .map(([what, before, after]) => `${what} was ${before ?? 'unknown'} then and is ${after ?? 'unknown'} now`);
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'it has another form' : `${issue.path.join('.') || 'it'}: ${issue.message}`;
}
