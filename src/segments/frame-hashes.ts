/** Reads what FFmpeg's framehash muxer writes: a line for each packet. Pure. */

import { createHash } from 'node:crypto';

export interface FrameHashes {
  /** What the packets are: codec, its headers, time base, size. */
  readonly head: readonly string[];
  readonly packets: readonly PacketHash[];
  /** Seconds a tick. */
  readonly tick: number;
}

export interface PacketHash {
  readonly pts: number;
  /** Size and hash. */
  readonly content: string;
  readonly line: string;
}

/** Lines that name the program are left out: another build writes them differently. */
const HEAD = /^#(extradata|tb|codec_id|dimensions) /;

export function parseFrameHashes(text: string): FrameHashes {
  const head: string[] = [];
  const packets: PacketHash[] = [];
  for (const line of text.split('\n')) {
    if (HEAD.test(line)) head.push(line);
    const match = /^0,\s*-?\d+,\s*(-?\d+),\s*\d+,\s*(\d+,\s*[0-9a-f]+)/.exec(line);
    if (match !== null) packets.push({ pts: Number(match[1]), content: (match[2] ?? '').replace(/\s/g, ''), line });
  }
  const base = /^#tb 0: (\d+)\/(\d+)/.exec(head.find((line) => line.startsWith('#tb ')) ?? '');
  return { head, packets, tick: base === null ? 0 : Number(base[1]) / Number(base[2]) };
}

/** What was read up to and including the last packet that is shown before `end` (seconds). */
export function digestUntil({ head, packets, tick }: FrameHashes, end: number): string {
  const last = packets.findLastIndex(({ pts }) => pts * tick < end);
  const lines = [...head, ...packets.slice(0, last + 1).map(({ line }) => line)];
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
