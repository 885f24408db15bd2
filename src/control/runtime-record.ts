/**
 * Where a running daemon can be found: one small JSON file per project in the
 * runtime directory. A client finds its project by matching a path against the
 * source or the mount point of the records; no daemon is asked for that, and no
 * path below a mount is touched.
 */

import { z } from 'zod';

export const runtimeRecordSchema = z.object({
  project: z.string(),
  source: z.string(),
  mountPoint: z.string(),
  stateDir: z.string(),
  socket: z.string(),
  pid: z.number().int(),
  /** The process that brings the daemon back when it dies. */
  guardian: z.number().int().optional(),
  startedAt: z.number(),
});

export type RuntimeRecord = z.infer<typeof runtimeRecordSchema>;
