/** What is in a file, as ffprobe and its bytes say: the evidence of a tour. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

const tags = z.record(z.string(), z.string()).optional();
const probeSchema = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string().optional(),
      codec_name: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
      r_frame_rate: z.string().optional(),
      channels: z.number().optional(),
      sample_rate: z.string().optional(),
      nb_read_packets: z.string().optional(),
      tags,
    }),
  ),
  format: z.object({ tags }),
});

export interface Contents {
  readonly size: number;
  readonly codec: string;
  readonly picture: string;
  /** Exact, as `24000/1001`. */
  readonly rate: string;
  readonly frames: number;
  readonly timecode: string;
  /** Every stream an editor sees, in order: `video`, `audio 2ch 48000`. */
  readonly streams: readonly string[];
}

/** `undefined` for a file without a picture. Counts the frames by reading them all. */
export async function inspect(path: string): Promise<Contents | undefined> {
  const program = process.env['FFPROBE_PATH'] || 'ffprobe';
  const args = ['-v', 'error', '-count_packets', '-show_streams', '-show_format', '-of', 'json', '--', path];
  const [{ stdout }, { size }] = await Promise.all([run(program, args, { maxBuffer: 1 << 26 }), stat(path)]);
  const { streams, format } = probeSchema.parse(JSON.parse(stdout));
  const video = streams.find((stream) => stream.codec_type === 'video');
  if (video === undefined) return undefined;
  const timecodes = [format.tags?.['timecode'], ...streams.map((stream) => stream.tags?.['timecode'])];
  return {
    size,
    codec: video.codec_name ?? '?',
    picture: `${video.width}x${video.height}`,
    rate: video.r_frame_rate ?? '?',
    frames: Number(video.nb_read_packets ?? 0),
    timecode: timecodes.find((timecode) => timecode !== undefined) ?? '',
    streams: streams.flatMap((stream) => {
      if (stream.codec_type === 'video') return ['video'];
      return stream.codec_type === 'audio' ? [`audio ${stream.channels}ch ${stream.sample_rate}`] : [];
    }),
  };
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
