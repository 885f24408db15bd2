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

export class Room {
  #bytes = 0;
  #frames = 0;

  /** `keepFree` bytes stay free; `frames` are in the clip, of which `missing` have to be encoded. */
  constructor(
    private readonly directory: RealPath,
    private readonly keepFree: number,
    private readonly frames: number,
    private missing: number,
  ) {}

  /**
   * Throws 'generate/segments' when there is no room for segments. `begun`: bytes of the finished file that are
   * there, whether it becomes that or makes room for it.
   */
  async take({ from, to }: Segment, file: RealPath, begun: number): Promise<void> {
    this.#bytes += (await stat(file)).size;
    this.#frames += to - from;
    this.missing -= to - from;
    const { bavail, bsize } = await statfs(this.directory);
    const [free, perFrame] = [bavail * bsize - this.keepFree, this.#bytes / this.#frames];
    const finished = perFrame * this.frames;
    const fitsBeside = free + begun >= perFrame * this.missing + finished;
    const fitsAlone = free + begun + this.#bytes >= finished;
    if (!fitsBeside && fitsAlone) throw unfit('the disk has no room for its segments beside the finished file');
  }
}
