/**
 * Room on the disk for segments and, beside them, the finished file: twice what the proxy takes.
 *
 * Known as soon as one segment is there. Where only one of the two fits, the clip is encoded in
 * one piece; where not even that, the encoder goes on until it is stopped: there may be room by then.
 */

import { stat, statfs } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import type { Segment } from './bounds.js';
import { unfit } from './unfit.js';

/** What is there of the finished file, whether it becomes that or makes room for it. */
export interface Begun {
  readonly bytes: number;
  /** That it holds; undefined while it tells nothing of its size. */
  readonly frames?: number | undefined;
}

/** What is not there yet may become larger than what is: whoever finds out at the end has encoded for nothing. */
const MARGIN = 0.1;

export class Room {
  #bytes = 0;
  #frames = 0;
  /** Of the finished file, a frame: with its sound, as soon as some of it is there. */
  #finishedBytes: number | undefined;

  /** `keepFree` bytes stay free; `frames` are in the clip, of which `missing` have to be encoded. */
  constructor(
    private readonly directory: RealPath,
    private readonly keepFree: number,
    private readonly frames: number,
    private missing: number,
  ) {}

  /** Throws 'generate/segments' when there is no room for segments. */
  async take({ from, to }: Segment, file: RealPath, begun: Begun): Promise<void> {
    this.#bytes += (await stat(file)).size;
    this.#frames += to - from;
    this.missing -= to - from;
    if (begun.frames !== undefined && begun.frames > 0) this.#finishedBytes = begun.bytes / begun.frames;
    const { bavail, bsize } = await statfs(this.directory);
    const [free, perFrame] = [bavail * bsize - this.keepFree + begun.bytes, this.#bytes / this.#frames];
    const finished = Math.max(perFrame, this.#finishedBytes ?? 0) * this.frames;
    const doubt = (MARGIN * this.missing) / this.frames;
    const fitsBeside = free >= (perFrame * this.missing + finished) * (1 + doubt);
    const fitsAlone = free + this.#bytes >= finished;
    if (!fitsBeside && fitsAlone) throw unfit('the disk has no room for its segments beside the finished file');
  }
}
