/**
 * At which packet of the master a decode begins for each segment but the first: a key frame
 * before its lead.
 *
 * One program is asked for all of a clip, when one of them is wanted.
 */

import { ProxyfsError } from '../base/error.js';
import { runFfprobe } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { Segment } from './bounds.js';
import { firstPacketArguments } from './commands.js';
import type { PacketHash } from './frame-hashes.js';
import type { Reading } from './hash-reader.js';

export class FirstPackets {
  #asked: Promise<readonly (PacketHash | undefined)[]> | undefined;

  readonly #sought: readonly Segment[];

  /** `segments`: all of the clip. */
  constructor(
    private readonly toolchain: Toolchain,
    private readonly reading: Reading,
    segments: readonly Segment[],
  ) {
    this.#sought = segments.slice(1);
  }

  /** undefined: nobody can say. */
  async of({ index }: Segment): Promise<PacketHash | undefined> {
    this.#asked ??= this.#ask();
    return (await this.#asked)[index - 1];
  }

  async #ask(): Promise<readonly (PacketHash | undefined)[]> {
    const { master, segmenting, signal, stallMs } = this.reading;
    const args = firstPacketArguments(segmenting, this.#sought, master);
    const said = await runFfprobe(this.toolchain, args, { signal, stallMs }).catch((error: unknown) => {
      if (error instanceof ProxyfsError && error.code === 'ffprobe/failed') return '';
      throw error;
    });
    const lines = said.trim().split('\n');
    // They stand in order; where one is missing, nobody knows which.
    return lines.length === this.#sought.length ? lines.map(packetOf) : [];
  }
}

const LINE = /^(-?\d+),(\d+),murmur3:([0-9a-f]+)$/i;

function packetOf(line: string): PacketHash | undefined {
  const [, pts, size, hash] = LINE.exec(line.trim()) ?? [];
  return pts === undefined ? undefined : { pts: Number(pts), content: `${size},${hash}` };
}
