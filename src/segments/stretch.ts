/**
 * Segments in a row that one FFmpeg encodes, one after the other. What it has not begun can be
 * given to another: the row becomes shorter while it is worked on.
 */

import { invariant } from '../base/invariant.js';
import type { Segment } from './bounds.js';

export class Stretch {
  /** What FFmpeg was asked for when it started. */
  readonly segments: readonly Segment[];
  readonly #onPassed: (stretch: Stretch) => void;
  #finished = 0;
  /** Frames that are encoded: FFmpeg is ahead of what has been looked at. */
  #encoded = 0;
  #length: number;

  /** `onPassed` is called after each segment; it may take away what comes after. */
  constructor(segments: readonly Segment[], onPassed: (stretch: Stretch) => void) {
    this.segments = segments;
    this.#length = segments.length;
    this.#onPassed = onPassed;
  }

  get first(): Segment {
    const [first] = this.segments;
    invariant(first !== undefined, 'a stretch has a segment');
    return first;
  }

  /** The segment that is being encoded; undefined when all are there. */
  get current(): Segment | undefined {
    return this.isFinished ? undefined : this.segments[this.#finished];
  }

  /** The frame behind the last that is wanted of it. */
  get end(): number {
    return this.segments[this.#length - 1]?.to ?? this.first.from;
  }

  get isFinished(): boolean {
    return this.#finished >= this.#length;
  }

  /** Some of what FFmpeg was asked for was given to somebody else. */
  get isShortened(): boolean {
    return this.#length < this.segments.length;
  }

  /** How many could be given away. */
  get notBegun(): number {
    const begun = this.segments.filter(({ from }) => from <= this.first.from + this.#encoded).length;
    return Math.max(0, this.#length - Math.max(begun, this.#finished + 1));
  }

  get encoded(): number {
    return this.#encoded;
  }

  /** So many of its frames are encoded. */
  reach(frames: number): void {
    this.#encoded = Math.max(this.#encoded, frames);
  }

  /** One more is there. */
  pass(): void {
    this.#finished += 1;
    this.#onPassed(this);
  }

  /** The second half of what has not begun. */
  giveHalf(): readonly Segment[] {
    return this.#cut(this.#length - Math.ceil(this.notBegun / 2));
  }

  /** All that is not there. */
  giveRest(): readonly Segment[] {
    return this.#cut(this.#finished);
  }

  #cut(length: number): readonly Segment[] {
    const given = this.segments.slice(length, this.#length);
    this.#length = Math.min(length, this.#length);
    return given;
  }
}
