/** Reads what FFmpeg's framehash muxer writes: a line for each packet. */

import { createHash } from 'node:crypto';

export interface PacketHash {
  readonly pts: number;
  /** Size and hash. */
  readonly content: string;
}

/** Lines that name the program are left out: another build writes them differently. */
const HEAD = /^#(extradata|tb|codec_id|dimensions) /;
const PACKET = /^0,\s*-?\d+,\s*(-?\d+),\s*\d+,\s*(\d+,\s*[0-9a-f]+)/;

export class FrameHashes {
  /** What the packets are: codec, its headers, time base, size. */
  readonly #head: string[] = [];
  #packets: PacketHash[] = [];
  /** Seconds a tick. */
  #tick = 0;
  #rest = '';

  static of(text: string): FrameHashes {
    const hashes = new FrameHashes();
    hashes.push(text);
    return hashes;
  }

  /** More of the same file. */
  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#read(line);
  }

  get packets(): readonly PacketHash[] {
    return this.#packets;
  }

  /** How many packets are shown from `begin` on and before `end` (seconds). */
  countBetween(begin: number, end: number): number {
    const shown = this.#packets.filter(({ pts }) => pts * this.#tick >= begin && pts * this.#tick < end);
    return shown.length;
  }

  /** When the latest packet is shown (seconds); undefined before the first. */
  get latest(): number | undefined {
    const last = this.#packets.at(-1);
    return last && last.pts * this.#tick;
  }

  /** Forgets what lies before `packet`; false when there is none like it. */
  beginWith(packet: PacketHash): boolean {
    const at = this.#packets.findIndex(({ pts, content }) => pts === packet.pts && content === packet.content);
    if (at > 0) this.#packets = this.#packets.slice(at);
    return at >= 0;
  }

  /** Of all up to and including the last packet that is shown before `end` (seconds). */
  digestUntil(end: number): string {
    const last = this.#packets.findLastIndex(({ pts }) => pts * this.#tick < end);
    const lines = this.#packets.slice(0, last + 1).map(({ pts, content }) => `${pts} ${content}`);
    return createHash('sha256')
      .update([...this.#head, ...lines].join('\n'))
      .digest('hex');
  }

  #read(line: string): void {
    if (HEAD.test(line)) this.#head.push(line);
    const base = /^#tb 0: (\d+)\/(\d+)/.exec(line);
    if (base !== null) this.#tick = Number(base[1]) / Number(base[2]);
    const match = PACKET.exec(line);
    if (match !== null) this.#packets.push({ pts: Number(match[1]), content: (match[2] ?? '').replace(/\s/g, '') });
  }
}
