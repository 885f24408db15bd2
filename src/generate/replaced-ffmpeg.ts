/**
 * A job of which FFmpeg was replaced: its runs may have been those of two builds, and its proxy would be
 * known by one. It is made anew, however it ended.
 */

import type { Generation } from './generation.js';

export const REPLACED_FFMPEG = 'FFmpeg was replaced while the proxy was made';

/** Whether another build has taken the place of the one that the job took when it began. */
export async function isFfmpegReplaced({
  renewToolchain,
  toolchain,
}: Pick<Generation, 'renewToolchain' | 'toolchain'>): Promise<boolean> {
  const now = await renewToolchain?.();
  return now !== undefined && now.build !== toolchain.build;
}
