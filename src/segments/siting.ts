/**
 * Where the chroma samples of a proxy lie, for a container that states it: the encoder takes it
 * from the frames, and neither the segments nor ffprobe's view of the master say what it took.
 * So one frame is encoded into a container that can be asked.
 */

import { rm } from 'node:fs/promises';
import { runFfmpeg, runFfprobe } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { sampleArguments } from './commands.js';
import type { Reading } from './hash-reader.js';
import type { SegmentStore } from './segment-store.js';

/** The words that tell a muxer, which is given the frames as they are. */
export async function sitingWords(toolchain: Toolchain, reading: Reading, store: SegmentStore): Promise<string[]> {
  const { master, segmenting, signal, stallMs } = reading;
  const output = store.temporary('siting.mkv');
  try {
    await runFfmpeg(toolchain, sampleArguments(segmenting, { master, output }), { signal, stallMs, polite: true });
    const asked = ['-show_entries', 'stream=chroma_location', '-of', 'default=nokey=1:noprint_wrappers=1', output];
    const said = (await runFfprobe(toolchain, asked, { signal, stallMs })).trim();
    return said === '' || said === 'unspecified' ? [] : ['-chroma_sample_location:v:0', said];
  } finally {
    await rm(output, { force: true });
  }
}
