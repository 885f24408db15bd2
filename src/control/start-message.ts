/**
 * The one message a starting daemon sends to its starter over the IPC channel:
 * it serves, or why it does not.
 */

import { z } from 'zod';
import { runtimeRecordSchema } from './runtime-record.js';

export const startMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), record: runtimeRecordSchema }),
  z.object({
    kind: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
]);

export type StartMessage = z.infer<typeof startMessageSchema>;
