/** What a long call tells while it runs. */

import { z } from 'zod';
import { clipResult, count, handle, path } from './shapes.js';

/** `{"jsonrpc":"2.0","method":"progress","params":{"id":<id of the call>,"progress":Progress}}` */
export const progressSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('scan'), found: count, probed: count, total: count.nullable() }),
  z.object({
    kind: z.literal('generate'),
    clipsDone: count,
    clipsTotal: count,
    framesDone: count,
    framesTotal: count,
    fps: z.number(),
    speed: z.number(),
    etaSeconds: z.number().nullable(),
    /** Paths being encoded now. */
    current: z.array(path),
    /** Why nothing of it is at work now. */
    reason: z.string().nullable(),
  }),
  z.object({ kind: z.literal('clip'), clip: clipResult }),
  /** Proxies are read into memory. */
  z.object({
    kind: z.literal('read'),
    filesDone: count,
    filesTotal: count,
    bytesDone: z.number(),
    bytesTotal: z.number(),
    current: path,
  }),
  z.object({
    kind: z.literal('verify'),
    done: count,
    total: count,
    bytesDone: z.number(),
    bytesTotal: z.number(),
    damaged: count,
    current: path,
  }),
  z.object({ kind: z.literal('waiting-for-handles'), handles: z.array(handle) }),
]);
export type Progress = z.infer<typeof progressSchema>;
