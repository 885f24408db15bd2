/** What several methods speak of. */

import { z } from 'zod';
import { JOB_CLASSES } from '../../jobs/job-class.js';

export const mode = z.enum(['proxy', 'master']);
export const path = z.string();
export const count = z.number().int().nonnegative();
export const noParams = z.strictObject({});

export const handle = z.object({
  path,
  variant: z.enum(['proxy', 'master']),
  outdated: z.boolean(),
  writable: z.boolean(),
  pid: z.number().int(),
  process: z.string(),
  since: z.number(),
});

export const modeState = z.object({
  base: mode,
  pinned: mode.nullable(),
  overrides: z.array(z.object({ path, mode })),
  /** Which profile's proxies are served, where somebody has said so; '' is the project. */
  profiles: z.array(z.object({ path, profile: z.string() })),
});

export const jobClass = z.enum(JOB_CLASSES);

/** What is paused: a path and what lies below it ('' is the project), in one class or in all. */
export const hold = z.object({ path, jobClass: jobClass.nullable(), since: z.number(), until: z.number().nullable() });

/** How much is done at this moment. */
export const work = z.object({
  /** Encoders that may work at once now, and how many at most. */
  encoders: count,
  workers: count,
  /** Why it is fewer, or none; pauses aside. */
  reason: z.string().nullable(),
  holds: z.array(hold),
});

export const clipResult = z.object({
  path,
  /** Of what was queued. */
  profile: z.string().optional(),
  outcome: z.enum(['made', 'already-there', 'ineligible', 'failed', 'cancelled', 'queued']),
  reason: z.string().nullable(),
  masterSize: z.number(),
  proxySize: z.number().nullable(),
  seconds: z.number().nullable(),
});
