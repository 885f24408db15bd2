/** The progress of several encodes of one clip as that of one. */

import type { EncodeProgress } from '../ffmpeg/progress.js';
import { type Rational, toNumber } from '../time/rational.js';
import type { Stretch } from './stretch.js';

export class SegmentProgress {
  readonly #running = new Map<Stretch, EncodeProgress & { readonly own: number }>();
  #frames = 0;
  /** A row that is given back has frames that are encoded once more: nobody is told less than before. */
  #told = 0;

  constructor(
    private readonly rate: Rational,
    private readonly onProgress: (progress: EncodeProgress) => void,
  ) {}

  /** There already. */
  have(frames: number): void {
    this.#frames += frames;
    this.#tell();
  }

  /** `lead`: frames at the beginning that are thrown away. */
  follow(stretch: Stretch, lead: number): (progress: EncodeProgress) => void {
    return (progress) => {
      const encoded = Math.max(0, progress.frame - lead);
      stretch.reach(encoded);
      // An encoder is some frames beyond its end before it is stopped.
      const own = Math.min(stretch.end - stretch.first.from, encoded);
      this.#running.set(stretch, { ...progress, own });
      this.#tell();
    };
  }

  done(stretch: Stretch): void {
    this.#running.delete(stretch);
    this.have(stretch.end - stretch.first.from);
  }

  #tell(): void {
    const running = [...this.#running.values()];
    const sum = (pick: (each: (typeof running)[number]) => number) =>
      running.reduce((all, each) => all + pick(each), 0);
    this.#told = Math.max(this.#told, this.#frames + sum(({ own }) => own));
    const frame = this.#told;
    const outTimeUs = Math.round((frame * 1e6) / toNumber(this.rate));
    this.onProgress({ frame, fps: sum(({ fps }) => fps), speed: sum(({ speed }) => speed), outTimeUs, done: false });
  }
}
