/** Runs FFmpeg for the hashes of packets: of the master's, and of encoded frames. */

import { readFile, rm } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { Segmenting } from '../profiles/recipe.js';
import type { Segment } from './bounds.js';
import { frameHashArguments, sourceArguments, timesOf } from './commands.js';
import type { FirstPackets } from './first-packets.js';
import { FrameHashes } from './frame-hashes.js';
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
    private readonly firsts: FirstPackets,
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

  /** Of the master's packets that the frames of a segment are made from. */
  async digestOf(segment: Segment): Promise<string> {
    const { master, segmenting } = this.reading;
    const source = this.store.temporary(`${segment.index}.source`);
    const read = await this.#run(sourceArguments(segmenting, segment, { master, source }), source);
    return (await this.digestIn(read, segment)) ?? read.digestUntil(timesOf(segmenting, segment).end);
  }

  /**
   * The same from what was read for several segments; undefined when the packet at which this one begins is not
   * among it. Forgets what lies before that packet.
   */
  async digestIn(read: FrameHashes, segment: Segment): Promise<string | undefined> {
    const { end } = timesOf(this.reading.segmenting, segment);
    if (segment.index === 0) return read.digestUntil(end);
    const first = await this.firsts.of(segment);
    return first !== undefined && read.beginWith(first) ? read.digestUntil(end) : undefined;
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
