/**
 * Signs of life for the claims of this process, for watchers on other machines: they cannot ask
 * whether our process lives, and take over a claim that was not renewed for the lease time.
 *
 * Ages are told by the storage's own clock: the time of a file we have just written against
 * the time of the lease. One beat at a time.
 */

import { lstat, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import { type Claim, LEASE, renew } from './claim.js';
import { trialName } from './trial.js';

/** A lease is renewed this often within the lease time. */
const BEATS = 6;

export class Leases {
  readonly #held = new Map<Claim, () => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #onTrouble: (error: unknown) => void;
  #beating: Promise<void> = Promise.resolve();

  constructor(leaseMs: number, onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble;
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat());
    }, leaseMs / BEATS);
    this.#timer.unref();
  }

  /** `onLost` is called when somebody has taken the claim over. */
  hold(claim: Claim, onLost: () => void): void {
    this.#held.set(claim, onLost);
  }

  /** Resolves when no more sign of life will be written for the claim. */
  async letGo(claim: Claim): Promise<void> {
    this.#held.delete(claim);
    await this.#beating;
  }

  holds(id: string): boolean {
    return [...this.#held.keys()].some((claim) => claim.id === id);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  async #beat(): Promise<void> {
    for (const [claim, onLost] of [...this.#held]) {
      if (!this.#held.has(claim)) continue;
      try {
        await renew(claim.folder);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') onLost();
        else this.#onTrouble(error);
      }
    }
  }
}

/** When the last sign of life was given; undefined: the claim is gone, or has never had one. */
export async function lastSignOf(folder: string): Promise<number | undefined> {
  try {
    // Opening, unlike stat alone, makes a network file system ask its server.
    const lease = await open(join(folder, LEASE), 'r');
    try {
      return (await lease.stat()).mtimeMs;
    } finally {
      await lease.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What the storage's clock says now: the time it gives to a file that is written now. */
export async function storageTime(folder: string): Promise<number> {
  const path = join(folder, trialName());
  try {
    await writeFile(path, 'trial', { flag: 'wx' });
    return (await lstat(path)).mtimeMs;
  } finally {
    await rm(path, { force: true });
  }
}
