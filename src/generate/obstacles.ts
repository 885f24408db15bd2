/**
 * What keeps the workers from starting any job: no room on the disk, no FFmpeg, or what the
 * daemon says. None of it is the fault of a clip, and costs no job an attempt.
 *
 * Concurrency: all state belongs to the event loop; one question at a time.
 */

import { ProxyfsError } from '../base/error.js';
import { runFfmpeg, runFfprobe } from '../ffmpeg/run.js';
import { DiskRoom } from './disk-room.js';
import type { Generation } from './generation.js';
import type { JobOutcome } from './run-job.js';

export interface ObstacleOptions {
  readonly reserveBytes: number;
  /** Asked last. */
  readonly whyNot: (() => Promise<string | undefined>) | undefined;
}

export class Obstacles {
  readonly room: DiskRoom;
  readonly #generation: Generation;
  readonly #whyNot: ObstacleOptions['whyNot'];
  /** Why FFmpeg could not be started the last time; it is tried before the next job is. */
  #noFfmpeg: string | undefined;
  #reason: string | undefined;
  /** It was logged that something is in the way, and not yet that nothing is. */
  #isLogged = false;

  constructor(generation: Generation, { reserveBytes, whyNot }: ObstacleOptions) {
    const { clock, log, pool } = generation;
    this.room = new DiskRoom({ directory: pool.directory, reserveBytes, clock, log });
    this.#generation = generation;
    this.#whyNot = whyNot;
  }

  /** As of the last question; undefined when nothing is in the way. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** What that is as an error. */
  get code(): 'ffmpeg/missing' | 'system/no-space' {
    return this.#noFfmpeg === undefined ? 'system/no-space' : 'ffmpeg/missing';
  }

  async mayStart(): Promise<boolean> {
    const { log } = this.#generation;
    const reason = (await this.#whyNoFfmpeg()) ?? (await this.room.whyNot()) ?? (await this.#whyNot?.());
    // Whoever wakes the workers (every clip that is opened) asks anew, which is no news.
    if (reason !== undefined && !this.#isLogged) log.warn(reason);
    if (reason === undefined && this.#isLogged) log.info('proxies are made again');
    this.#isLogged = reason !== undefined;
    this.#reason = reason;
    return reason === undefined;
  }

  async after(outcome: JobOutcome): Promise<void> {
    if (outcome.kind === 'no-space') await this.room.ranOut();
    if (outcome.kind === 'no-ffmpeg') this.#noFfmpeg = outcome.reason;
  }

  /** Whoever asks may have removed it: all is looked at anew. */
  forget(): void {
    this.room.forget();
    this.#reason = undefined;
  }

  /** It is being updated, perhaps, and will be back. */
  async #whyNoFfmpeg(): Promise<string | undefined> {
    if (this.#noFfmpeg === undefined) return undefined;
    const { toolchain } = this.#generation;
    try {
      await Promise.all([runFfmpeg(toolchain, ['-version']), runFfprobe(toolchain, ['-version'])]);
      this.#noFfmpeg = undefined;
    } catch (error) {
      if (!(error instanceof ProxyfsError)) throw error;
      this.#noFfmpeg = `no proxies are made: ${error.message}; what is missing stays queued`;
    }
    return this.#noFfmpeg;
  }
}
