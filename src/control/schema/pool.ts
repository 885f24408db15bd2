/** What the pool keeps, and what is made with it. */

import { z } from 'zod';
import { LOOK_OUTPUTS } from '../../looks/look.js';
import { count, noParams, path } from './shapes.js';

const look = z.object({
  name: z.string(),
  kind: z.enum(['1d', '3d']),
  size: count,
  title: z.string().nullable(),
  /** What the colours of its result mean. */
  output: z.enum(LOOK_OUTPUTS),
  hash: z.string(),
});

export const poolMethods = {
  /** Checks published proxies: present, size, hash; `deep`: decoded and compared with their masters. */
  verify: {
    params: z.strictObject({ paths: z.array(path), deep: z.boolean(), repair: z.boolean() }),
    result: z.object({
      checked: count,
      sound: count,
      bytes: z.number(),
      damaged: z.array(
        z.object({
          path,
          profile: z.string(),
          problem: z.string(),
          /** Withdrawn and in the queue; withdrawn only; left as it is. */
          outcome: z.enum(['queued', 'withdrawn', 'left']),
          /** Why it is not queued, or not even gone. */
          reason: z.string().nullable(),
        }),
      ),
      unchecked: z.array(z.object({ path, profile: z.string(), reason: z.string() })),
    }),
  },
  /** What lies at or below the paths is never removed from the pool; without paths only the list is returned. */
  pin: {
    params: z.strictObject({ paths: z.array(path) }),
    result: z.object({ pins: z.array(path), queued: count }),
  },
  unpin: {
    params: z.strictObject({ paths: z.array(path).min(1) }),
    result: z.object({ pins: z.array(path), removed: z.array(path) }),
  },
  /** Poster and sheet of the clips below the paths, where their proxies were made with them. */
  pictures: {
    params: z.strictObject({ paths: z.array(path).min(1) }),
    result: z.object({
      clips: z.array(
        z.object({
          path,
          profile: z.string(),
          /** Null: the proxy was made without them, or taken over. */
          pictures: z
            .object({
              poster: z.object({ file: z.string(), width: count, height: count }),
              sprite: z.object({
                ...{ file: z.string(), index: z.string(), width: count, height: count },
                ...{ tileWidth: count, tileHeight: count, columns: count, rows: count, count },
                everyFrames: count,
              }),
            })
            .nullable(),
        }),
      ),
      found: count,
    }),
  },
  'looks.list': { params: noParams, result: z.object({ looks: z.array(look) }) },
  /** Takes a copy of a .cube file. Rejects with `look/invalid`. */
  'looks.add': {
    params: z.strictObject({
      /** Absolute. */
      file: z.string(),
      name: z.string().optional(),
      output: z.enum(LOOK_OUTPUTS),
    }),
    result: z.object({ look }),
  },
} as const;
