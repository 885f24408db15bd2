/**
 * The result of a job: one document, also when nothing was run. The published schema is
 * made of this one.
 *
 * Everything but `started_at`, `finished_at`, `duration_seconds`, `fps` and `speed`
 * follows from the spec, the sources and the environment.
 */

import { z } from 'zod';
import { errorKind, isErrorCode } from '../base/error.js';
import { EXIT } from '../base/exit-code.js';

const count = z.number().int().nonnegative();
const moment = z.string().nullable().describe('ISO 8601, or null when it never came to that');
const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const violationSchema = z.strictObject({
  pointer: z.string().describe("JSON pointer into the spec; '' is the whole document"),
  message: z.string(),
});

export const clipStatus = z.enum(['completed', 'skipped', 'failed', 'interrupted', 'not-started']);

export const clipResultSchema = z.strictObject({
  index: count.describe('From 1, as {index} in names'),
  source: z.string().describe('As the spec names it'),
  master: z.string().describe('The file that was read: without symbolic links and mounts'),
  output: z.string(),
  status: clipStatus,
  engine: z.enum(['ffmpeg', 'resolve']),
  command: z
    .array(z.string())
    .nullable()
    .describe('The exact arguments; run in a hidden folder of the output folder. null: nothing was run'),
  exit_code: z.number().int().nullable().describe('Of the encoder; null when it was not run or was killed'),
  started_at: moment,
  finished_at: moment,
  duration_seconds: z.number().nullable(),
  frames: count.nullable().describe('Of the finished file'),
  fps: z.number().nullable().describe('Frames encoded a second'),
  speed: z.number().nullable().describe('Times real time'),
  input: z.strictObject({
    size: count,
    mtime_ns: z.string(),
    fingerprint: hash,
    untouched: z.boolean().nullable().describe('Equal before and after: size, times, inode and fingerprint'),
  }),
  output_size: count.nullable(),
  blake3: hash.nullable().describe('Of every byte of the output'),
  recipe_hash: hash.nullable(),
  validation: z
    .strictObject({
      ok: z.boolean(),
      checks: z.array(z.strictObject({ field: z.string(), expected: z.string(), found: z.string(), ok: z.boolean() })),
    })
    .nullable(),
  warnings: z.array(z.string()),
  failure: z
    .strictObject({ code: z.string(), reason: z.string(), last_lines: z.array(z.string()) })
    .nullable()
    .describe('Why there is no output, with the last lines of FFmpeg'),
});

export const environmentSchema = z.strictObject({
  fingerprint: hash.describe('Over everything below that decides which bytes come out'),
  proxyfs: z.string(),
  node: z.string(),
  ffmpeg: z.strictObject({ version: z.string(), configuration_hash: hash }).nullable(),
  engine: z.enum(['ffmpeg', 'resolve']).nullable(),
  os: z.strictObject({ platform: z.string(), release: z.string(), arch: z.string() }),
});

export const publicationSchema = z.strictObject({
  project: z.string(),
  clips: z.array(
    z.strictObject({
      index: count,
      outcome: z.enum(['adopted', 'already-there', 'refused', 'ineligible']),
      reason: z.string().nullable(),
    }),
  ),
  adopted: count,
  refused: count,
});

export const jobResultSchema = z.strictObject({
  result_version: z.literal('1.0'),
  job_id: z.string().nullable().describe('null when the spec is not valid'),
  jobspec_version: z.string().nullable(),
  status: z.enum(['COMPLETED', 'PARTIAL', 'FAILED']),
  exit_code: z.number().int(),
  interrupted: z.boolean().describe('Stopped by a signal, or by --fail-fast'),
  started_at: moment,
  finished_at: moment,
  duration_seconds: z.number().nullable(),
  spec: z.unknown().describe('The spec that was run, under the first spelling of each field; null when not valid'),
  environment: environmentSchema.nullable(),
  violations: z.array(violationSchema).describe('Not empty: nothing was run'),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  clips: z.array(clipResultSchema),
  totals: z.strictObject({
    clips: count,
    completed: count,
    skipped: count,
    failed: count,
    interrupted: count,
    not_started: count,
    frames: count,
    input_bytes: count,
    output_bytes: count,
  }),
  publication: publicationSchema.nullable().describe('What --publish did; null without it'),
  _metadata: z.strictObject({
    engine_used: z.enum(['ffmpeg', 'resolve']).nullable(),
    proxy_profile_used: z.string().nullable(),
    jobspec_version: z.string().nullable(),
    resolve_preset_used: z.string().nullable().optional().describe('Only with the resolve engine'),
  }),
});

export type JobResult = z.infer<typeof jobResultSchema>;
export type ClipResult = z.infer<typeof clipResultSchema>;
export type ClipStatus = z.infer<typeof clipStatus>;
export type Environment = z.infer<typeof environmentSchema>;
export type Publication = z.infer<typeof publicationSchema>;

export const RESULT_VERSION = '1.0';

type Counted = Pick<JobResult, 'violations' | 'error' | 'clips'> & { readonly publication?: Publication | null };

/** COMPLETED: every clip has its output. PARTIAL: some have. */
export function statusOf({ violations, error, clips, publication = null }: Counted): JobResult['status'] {
  if (violations.length > 0 || error !== null) return 'FAILED';
  const there = clips.filter(({ status }) => status === 'completed' || status === 'skipped').length;
  if (there < clips.length) return there === 0 ? 'FAILED' : 'PARTIAL';
  return (publication?.refused ?? 0) > 0 ? 'PARTIAL' : 'COMPLETED';
}

/** 0 success, 1 violations, 2 no output, 3 some outputs, 4 no output, and the machine is in the way. */
export function exitCodeOfJob(job: Counted): number {
  const status = statusOf(job);
  if (job.violations.length > 0) return EXIT.invalidRequest;
  if (status === 'COMPLETED') return EXIT.success;
  if (status === 'PARTIAL') return EXIT.partlyDone;
  const kinds = job.clips.map(({ failure }) => kindOf(failure?.code));
  if (kindOf(job.error?.code) === 'request') return EXIT.invalidRequest;
  const isSystem = [...kinds, kindOf(job.error?.code)].includes('system');
  return isSystem ? EXIT.systemError : EXIT.executionFailed;
}

const kindOf = (code: string | undefined) => (isErrorCode(code) ? errorKind(code) : undefined);
