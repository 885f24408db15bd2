/** The one parser of ffprobe's JSON. Fields that proxyfs does not use are not looked at. */

import { z } from 'zod';
import { ProxyfsError } from '../base/error.js';

const tags = z.record(z.string(), z.string()).default({});
const count = z.number().int().nonnegative();

const streamSchema = z.object({
  index: count,
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  codec_tag_string: z.string().optional(),
  duration: z.string().optional(),
  start_time: z.string().optional(),
  time_base: z.string().optional(),
  tags,
  disposition: z.record(z.string(), z.number()).default({}),
  width: count.optional(),
  height: count.optional(),
  pix_fmt: z.string().optional(),
  r_frame_rate: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  sample_aspect_ratio: z.string().optional(),
  field_order: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_primaries: z.string().optional(),
  color_transfer: z.string().optional(),
  timecode: z.string().optional(),
  side_data_list: z.array(z.object({ side_data_type: z.string(), rotation: z.number().optional() })).default([]),
  channels: count.optional(),
  channel_layout: z.string().optional(),
  sample_rate: z.string().optional(),
  sample_fmt: z.string().optional(),
  bits_per_sample: count.optional(),
  bits_per_raw_sample: z.string().optional(),
});

const outputSchema = z.object({
  streams: z.array(streamSchema),
  chapters: z.array(z.unknown()).default([]),
  format: z.object({ format_name: z.string(), duration: z.string().optional(), tags }),
});

export type FfprobeStream = z.infer<typeof streamSchema>;
export type FfprobeOutput = z.infer<typeof outputSchema>;

/** Throws 'ffprobe/garbage' for anything that is not ffprobe's answer. */
export function parseFfprobeOutput(text: string): FfprobeOutput {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw garbage('it is not JSON', cause, text);
  }
  const parsed = outputSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw garbage(`${issue?.path.join('.')}: ${issue?.message}`, parsed.error, text);
}

function garbage(reason: string, cause: unknown, text: string): ProxyfsError {
  return new ProxyfsError(
    'ffprobe/garbage',
    `ffprobe's answer cannot be understood: ${reason}; is it a real ffprobe?`,
    {
      cause,
      details: { beginning: text.slice(0, 200) },
    },
  );
}
