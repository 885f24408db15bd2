/** What happened. */

import { z } from 'zod';
import { count, path } from './shapes.js';

/** One entry of the journal; `facts` depend on the kind. */
export const journalEvent = z.object({
  id: count,
  /** Milliseconds since 1970. */
  at: z.number(),
  kind: z.string(),
  path: path.nullable(),
  who: z
    .object({
      command: z.string().optional(),
      user: z.string().optional(),
      pid: z.number().int().optional(),
      process: z.string().optional(),
    })
    .nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

export const recordMethods = {
  /** The journal: after an id, or the last ones. With `waitSeconds` an empty answer waits for the next event. */
  events: {
    params: z.strictObject({
      after: count.optional(),
      from: z.number().optional(),
      kinds: z.array(z.string()).optional(),
      path: path.optional(),
      last: count.optional(),
      waitSeconds: z.number().min(0).max(60).optional(),
    }),
    /** `last` is what to ask after the next time. */
    result: z.object({ events: z.array(journalEvent), last: count }),
  },
  /** What happened to one file, under whatever name, and what its proxies are made of. */
  history: {
    params: z.strictObject({ path, limit: count.optional() }),
    result: z.object({
      path,
      known: z.boolean(),
      events: z.array(journalEvent),
      proxies: z.array(
        z.object({
          profile: z.string(),
          file: z.string(),
          /** Of the set that this path serves. */
          isServed: z.boolean(),
          size: z.number(),
          ffmpeg: z.string(),
          madeBy: z.string(),
          startedAt: z.string(),
          finishedAt: z.string(),
          command: z.array(z.string()),
          /** The path of the master when it was made. */
          master: path,
          valid: z.boolean(),
        }),
      ),
    }),
  },
} as const;
