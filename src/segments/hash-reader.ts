/** Runs FFmpeg for the hashes of packets: of the master's, and of encoded frames. */

import { readFile, rm } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { Segmenting } from '../profiles/recipe.js';
import type { Segment } from './bounds.js';
import { frameHashArguments, sourceArguments } from './commands.js';
import { FrameHashes, type PacketHash } from './frame-hashes.js';
import type { SegmentStore } from './segment-store.js';
import { unfit } from './unfit.js';

export interface Reading {
  readonly master: RealPath;
  readonly segmenting: Segmenting;
  readonly signal: AbortSignal;
  readonly stallMs?: number | undefined;
}

export class HashReader {
  constructor(
    private readonly toolchain: Toolchain,
    private readonly reading: Reading,
    private readonly store: SegmentStore,
  ) {}

  /** Of each frame of a file, in order. */
  async framesOf(file: RealPath, name: string): Promise<readonly string[]> {
    const output = this.store.temporary(name);
    return (await this.#run(frameHashArguments(file, output), output)).packets.map(({ content }) => content);
  }

  /** Of a segment; throws 'generate/segments' when it has too many or too few. */
  async segmentFrames({ index, from, to }: Segment, file: RealPath, name: string): Promise<readonly string[]> {
    const frames = await this.framesOf(file, name);
    if (frames.length === to - from) return frames;
    throw unfit(`segment ${index} has ${frames.length} frames instead of ${to - from}`);
  }

  /** Of the master's packets that an encode of the segment alone reads. */
  async sourceOf(segment: Segment): Promise<FrameHashes> {
    const { master, segmenting } = this.reading;
    const source = this.store.temporary(`${segment.index}.source`);
    return await this.#run(sourceArguments(segmenting, segment, { master, source }), source);
  }

  /** The packet at which an encode of the segment alone begins to read. */
  async firstOf(segment: Segment): Promise<PacketHash | undefined> {
    const { master, segmenting } = this.reading;
    const source = this.store.temporary(`${segment.index}.first`);
    const args = sourceArguments(segmenting, segment, { master, source }, { isFirstOnly: true });
    return (await this.#run(args, source)).packets[0];
  }

  async #run(args: readonly string[], output: RealPath): Promise<FrameHashes> {
    const { signal, stallMs } = this.reading;
    try {
      await runFfmpeg(this.toolchain, args, { signal, stallMs, polite: true });
      return FrameHashes.of(await readFile(output, 'utf8'));
    } finally {
      await rm(output, { force: true });
    }
  }
}
