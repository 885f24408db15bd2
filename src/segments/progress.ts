/** The progress of several encodes of one clip as that of one. */

import type { EncodeProgress } from '../ffmpeg/progress.js';
import { type Rational, toNumber } from '../time/rational.js';
import type { Segment } from './bounds.js';

export class SegmentProgress {
  readonly #running = new Map<number, EncodeProgress & { readonly own: number }>();
  #frames = 0;

  constructor(
    private readonly rate: Rational,
    private readonly onProgress: (progress: EncodeProgress) => void,
  ) {}

  follow({ index, lead }: Segment): (progress: EncodeProgress) => void {
    return (progress) => {
      this.#running.set(index, { ...progress, own: Math.max(0, progress.frame - lead) });
      this.#tell();
    };
  }

  done({ index, from, to }: Segment): void {
    this.#running.delete(index);
    this.#frames += to - from;
    this.#tell();
  }

  #tell(): void {
    const running = [...this.#running.values()];
    const sum = (pick: (each: (typeof running)[number]) => number) =>
      running.reduce((all, each) => all + pick(each), 0);
    const frame = this.#frames + sum(({ own }) => own);
    const outTimeUs = Math.round((frame * 1e6) / toNumber(this.rate));
    this.onProgress({ frame, fps: sum(({ fps }) => fps), speed: sum(({ speed }) => speed), outTimeUs, done: false });
  }
}
