/**
 * The contract between the daemon and its clients: JSON-RPC 2.0, one message per
 * line, over a unix socket that only its owner can use.
 *
 * Each method has a schema for its parameters and one for its result; both sides
 * check. A call may be followed by `progress` notifications that carry its id.
 * Paths in parameters and results are project-relative ('' is the root).
 */

import { z } from 'zod';
import { generationMethods } from './schema/generation.js';
import { poolMethods } from './schema/pool.js';
import { projectMethods } from './schema/project.js';
import { type journalEvent, recordMethods } from './schema/record.js';
import { type flipReport, type served, servingMethods } from './schema/serving.js';
import type { clipResult, handle } from './schema/shapes.js';

export { type Progress, progressSchema } from './schema/progress.js';

export const METHODS = {
  ...projectMethods,
  ...servingMethods,
  ...generationMethods,
  ...poolMethods,
  ...recordMethods,
} as const;

export type MethodName = keyof typeof METHODS;
export type Params<M extends MethodName> = z.infer<(typeof METHODS)[M]['params']>;
export type Result<M extends MethodName> = z.infer<(typeof METHODS)[M]['result']>;
export type FlipReport = z.infer<typeof flipReport>;
export type ServedPath = z.infer<typeof served>;
export type ClipResult = z.infer<typeof clipResult>;
export type EventInfo = z.infer<typeof journalEvent>;
export type HandleInfo = z.infer<typeof handle>;

/** JSON-RPC error object; `data.code` is a ProxyfsError code. */
export const rpcErrorSchema = z.object({
  code: z.number().int(),
  message: z.string(),
  data: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()) }).optional(),
});
