/** What `proxyfs prewarm --json` says of one clip, as far as a tour needs it. */

import { z } from 'zod';

export type Clip = z.infer<typeof clipSchema>;

const clipSchema = z.object({ path: z.string(), outcome: z.string(), proxySize: z.number().nullable() });

export const prewarmedSchema = z.object({ clips: z.array(clipSchema) });
