/**
 * What only a decoded frame tells: its fields, and metadata that lives in the bitstream.
 *
 * Asked for where the container leaves it open, since it costs a run of ffprobe. A frame
 * that does not decode tells nothing; making the proxy will say why. Holds no state.
 */

import { z } from 'zod';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { type FfprobeOptions, runFfprobe } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { isVerdict } from '../ffmpeg/verdict.js';
import type { VideoStream } from './media-info.js';

export interface FirstFrame {
  /** `progressive`, `tt` or `bb`. */
  readonly fieldOrder: string;
  /** FFmpeg's names of the frame's side data. */
  readonly sideData: readonly string[];
}

const frameSchema = z.object({
  frames: z
    .array(
      z.object({
        interlaced_frame: z.number().default(0),
        top_field_first: z.number().default(0),
        side_data_list: z.array(z.object({ side_data_type: z.string().default('') })).default([]),
      }),
    )
    .default([]),
});

/** Whether the container's words about this picture leave something open. */
export function needsFirstFrame(video: VideoStream): boolean {
  const isHdr = video.color.transfer === 'smpte2084' || video.color.transfer === 'arib-std-b67';
  return video.fieldOrder === 'unknown' || isHdr;
}

export async function readFirstFrame(
  toolchain: Toolchain,
  path: RealPath,
  video: VideoStream,
  options: FfprobeOptions,
): Promise<FirstFrame | undefined> {
  const entries = 'frame=interlaced_frame,top_field_first:frame_side_data=side_data_type';
  const words = ['-select_streams', String(video.index), '-read_intervals', '%+#1', '-show_frames'];
  try {
    const said = await runFfprobe(
      toolchain,
      [...words, '-show_entries', entries, '-of', 'json', fileArgument(path)],
      options,
    );
    const frame = frameSchema.safeParse(JSON.parse(said)).data?.frames[0];
    return frame === undefined ? undefined : describe(frame);
  } catch (error) {
    // Of an ffprobe that was killed or hung nothing is known, and nothing may be recorded.
    const isTheFrame = error instanceof SyntaxError || isVerdict(error);
    if (!isTheFrame || options.signal?.aborted) throw error;
    return undefined;
  }
}

function describe(frame: z.infer<typeof frameSchema>['frames'][number]): FirstFrame {
  const order = frame.top_field_first === 1 ? 'tt' : 'bb';
  return {
    fieldOrder: frame.interlaced_frame === 1 ? order : 'progressive',
    sideData: frame.side_data_list.map((entry) => entry.side_data_type),
  };
}
