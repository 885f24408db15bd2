/**
 * Room on the pool's disk for those who encode.
 *
 * Promises: no job starts below the reserve; what runs is stopped when half of the reserve
 * is eaten, since an encoder grows while nobody asks; a job that ran out of room waits for
 * more of it, or for a while, instead of doing the same again, and with it those of its profile
 * whose masters are no smaller: the others go on. Concurrency: all state
 * belongs to the event loop; one timer, and only while something runs.
 */

import { statfs } from 'node:fs/promises';
import { formatSize } from '../base/byte-size.js';
import type { Clock } from '../base/clock.js';
import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { Logger } from '../log/logger.js';

/** After a full disk the next try waits for this much more space, or this long. */
const MORE_SPACE = 1 << 24;
const FULL_FOR_MS = 60_000;
/** One that was stopped on its way has cost encoding time, and would cost it again. */
const STOPPED_FOR_MS = 600_000;
/** A disk that takes 500 MB a second loses half the default reserve in two seconds. */
const WATCH_MS = 500;

export interface DiskRoomOptions {
  readonly directory: RealPath;
  readonly reserveBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What decides how large a proxy becomes. */
export interface Weight {
  readonly profile: string;
  readonly masterBytes: bigint;
}

/** The next try of one that weighs as much needs so much, and waits for it so long. */
interface TooMuch extends Weight {
  readonly needs: number;
  readonly until: number;
}

export class DiskRoom {
  readonly #options: DiskRoomOptions;
  /** In the order in which they started. */
  readonly #running = new Set<AbortController>();
  /** What ran out of space. */
  #full: readonly TooMuch[] = [];
  /** What was free when a job was stopped. */
  #lowest: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(options: DiskRoomOptions) {
    this.#options = options;
  }

  /** Below this what runs is stopped. */
  get least(): number {
    return this.#options.reserveBytes / 2;
  }

  /** Why no job may start now; undefined when one may. */
  async whyNot(): Promise<string | undefined> {
    const { directory, reserveBytes } = this.#options;
    const free = await this.#freeBytes();
    return free >= reserveBytes ? undefined : noSpace(directory, free, reserveBytes);
  }

  /** Why this one may not start now although others may. */
  async whyNotThis({ profile, masterBytes }: Weight): Promise<string | undefined> {
    const { clock, directory } = this.#options;
    if (this.#full.length === 0) return undefined;
    const free = await this.#freeBytes();
    this.#full = this.#full.filter(({ needs, until }) => free < needs && clock.now() <= until);
    const isTooMuch = this.#full.some((each) => each.profile === profile && each.masterBytes <= masterBytes);
    return isTooMuch ? filledUp(directory, free) : undefined;
  }

  /** Watches the disk while `job` runs, and aborts it with `system/no-space` before the disk is full. */
  async watch<T>(job: AbortController, work: () => Promise<T>): Promise<T> {
    if (this.#options.reserveBytes === 0) return await work();
    this.#running.add(job);
    this.#timer ??= setInterval(() => void this.#look(), WATCH_MS);
    try {
      return await work();
    } finally {
      this.#running.delete(job);
      if (this.#running.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  /** A job ended for want of space, and what it had written is gone again. */
  async ranOut(weight: Weight): Promise<void> {
    const free = await this.#freeBytes();
    const written = this.#lowest === undefined ? 0 : free - this.#lowest;
    const waits = this.#lowest === undefined ? FULL_FOR_MS : STOPPED_FOR_MS;
    this.#lowest = undefined;
    const [needs, until] = [free + Math.max(MORE_SPACE, written), this.#options.clock.now() + waits];
    this.#full = [...this.#full, { ...weight, needs, until }];
  }

  /** Whoever asks may have made room: it is looked at anew, not remembered. */
  forget(): void {
    this.#full = [];
  }

  /** The youngest goes first: the others are nearer to their end. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const { directory, log, reserveBytes } = this.#options;
      const free = await this.#freeBytes();
      const youngest = [...this.#running].filter(({ signal }) => !signal.aborted).at(-1);
      if (free >= this.least || youngest === undefined) return;
      const reason = stoppedInTime(directory, free);
      log.warn({ free, reserve: reserveBytes }, reason);
      this.#lowest = free;
      youngest.abort(new ProxyfsError('system/no-space', reason));
    } catch (err) {
      this.#options.log.warn({ err }, 'the free space of the pool’s disk could not be read; it is looked at again');
    } finally {
      this.#isLooking = false;
    }
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#options.directory);
    return bavail * bsize;
  }
}

/** Whether a job was stopped because the disk was about to be full. */
export function isStoppedForSpace(signal: AbortSignal): boolean {
  const reason: unknown = signal.reason;
  return signal.aborted && reason instanceof ProxyfsError && reason.code === 'system/no-space';
}

function noSpace(directory: string, free: number, reserve: number): string {
  return `no proxies are made: ${formatSize(free)} free at ${directory}, ${formatSize(reserve)} are kept in reserve; free some space or move the pool`;
}

function filledUp(directory: string, free: number): string {
  return `the disk of the pool ${directory} is full (${formatSize(free)} free, too little for the next proxy): free some space, or mount with another --pool; what is missing stays queued`;
}

function stoppedInTime(directory: string, free: number): string {
  return `a proxy in the making was stopped: ${formatSize(free)} free at ${directory}, less than half of the reserve; its clip stays queued`;
}
