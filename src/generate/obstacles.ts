/**
 * What keeps the workers from starting a job: no FFmpeg, no room on the disk, or what the
 * daemon says of that job. None of it is the fault of a clip, and costs no job an attempt. One that
 * finds no room holds up no other that does.
 *
 * Concurrency: all state belongs to the event loop; one question at a time.
 */

import { ProxyfsError } from '../base/error.js';
import type { JobId } from '../base/ids.js';
import { runFfmpeg, runFfprobe } from '../ffmpeg/run.js';
import type { JobClass } from '../jobs/job-class.js';
import type { Job } from '../jobs/queue.js';
import { DiskRoom, type Weight } from './disk-room.js';
import type { Generation } from './generation.js';
import type { JobOutcome } from './settle-job.js';

/** Jobs that are looked at for one that finds room. */
const LOOKED_AT = 200;

export interface ObstacleOptions {
  readonly reserveBytes: number;
  /** Asked last, of each job. */
  readonly whyNot: ((job: Job) => Promise<string | undefined>) | undefined;
}

export interface NextJob {
  readonly id: JobId;
  /** Those before it that find no room. */
  readonly passedOver: readonly JobId[];
}

export class Obstacles {
  readonly room: DiskRoom;
  readonly #generation: Generation;
  readonly #whyNot: ObstacleOptions['whyNot'];
  /** Why FFmpeg could not be started the last time; it is tried before the next job is. */
  #noFfmpeg: string | undefined;
  #reason: string | undefined;
  /** Of each job that was passed over at the last look: what it waits for. */
  #passedOver: ReadonlyMap<JobId, string> = new Map();
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

  /** Why this job was passed over at the last look; undefined when it was not. */
  waitsFor(job: JobId): string | undefined {
    return this.#passedOver.get(job);
  }

  /** Whether any job may be started. */
  async mayStart(): Promise<boolean> {
    const reason = (await this.#whyNoFfmpeg()) ?? (await this.room.whyNot());
    if (reason !== undefined) this.#note(reason);
    return reason === undefined;
  }

  /** The next waiting job that may be started; undefined when there is none. */
  async nextJob(classes: readonly JobClass[]): Promise<NextJob | undefined> {
    const passedOver = new Map<JobId, string>();
    const found = await this.#look(classes, passedOver);
    this.#passedOver = passedOver;
    const [reason] = passedOver.values();
    this.#note(found === undefined ? reason : undefined);
    return found && { id: found.id, passedOver: [...passedOver.keys()] };
  }

  /** `passedOver` gets those before it, and why. */
  async #look(classes: readonly JobClass[], passedOver: Map<JobId, string>): Promise<Job | undefined> {
    while (passedOver.size < LOOKED_AT) {
      const job = this.#generation.queue.next(classes, [...passedOver.keys()]);
      if (job === undefined) return undefined;
      const weight = this.#weightOf(job);
      const why = (weight && (await this.room.whyNotThis(weight))) ?? (await this.#whyNot?.(job));
      if (why === undefined) return job;
      passedOver.set(job.id, why);
    }
    return undefined;
  }

  async after(job: Job, outcome: JobOutcome): Promise<void> {
    const weight = outcome.kind === 'no-space' ? this.#weightOf(job) : undefined;
    if (weight !== undefined) await this.room.ranOut(weight);
    if (outcome.kind === 'no-ffmpeg') this.#noFfmpeg = outcome.reason;
  }

  /** Undefined once the clip is gone: its job finds that by itself. */
  #weightOf({ asset, profile }: Job): Weight | undefined {
    const master = this.#generation.catalog.get(asset)?.master;
    return master && { profile, masterBytes: master.size };
  }

  /** Whoever wakes the workers (every clip that is opened) asks anew, which is no news. */
  #note(reason: string | undefined): void {
    const { log } = this.#generation;
    if (reason !== undefined && !this.#isLogged) log.warn(reason);
    if (reason === undefined && this.#isLogged) log.info('proxies are made again');
    this.#isLogged = reason !== undefined;
    this.#reason = reason;
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
