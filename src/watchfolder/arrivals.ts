/**
 * What lies in `pending`: the specs that have settled, oldest first, and when to look again.
 *
 * A spec has settled when it looked the same for the settle time: by its ctime as the
 * storage's clock tells it, or by having looked the same to us. One that is not a whole JSON
 * document yet gets more patience, since its writer may only be slow. Nothing is opened
 * that is not a regular file. One scan at a time.
 */

import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import type { Clock } from '../base/clock.js';
import { errnoOf } from '../base/error.js';
import type { Layout } from './layout.js';
import { notWritable } from './layout.js';
import { looksUnfinished } from './read-spec.js';
import { isSpecName, textOfName } from './spec-name.js';

export interface Arrival {
  /** The folder's path and the name in its own bytes. */
  readonly path: Buffer;
  readonly name: string;
  readonly mtimeNs: bigint;
}

export interface Arrivals {
  readonly settled: readonly Arrival[];
  /** Milliseconds until the next one can have settled; undefined: all have. */
  readonly nextMs: number | undefined;
}

interface Seen {
  readonly appearance: string;
  readonly since: number;
  /** Whether the content breaks off; undefined: not looked at yet. */
  isUnfinished?: boolean;
}

/** An unfinished document waits this many settle times for the rest of it. */
const PATIENCE = 5;

export class ArrivalScanner {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #settleMs: number;
  readonly #offsetMs: number;
  #seen = new Map<string, Seen>();

  constructor(folder: string, layout: Layout, clock: Clock, settleMs: number) {
    this.#folder = folder;
    this.#clock = clock;
    this.#settleMs = settleMs;
    this.#offsetMs = layout.clockOffsetMs;
  }

  /** Rejects when the folder is gone or cannot be listed. */
  async scan(): Promise<Arrivals> {
    const names = await readdir(this.#folder, { encoding: 'buffer' }).catch((error: unknown) => {
      throw notWritable(this.#folder, error);
    });
    const settled: Arrival[] = [];
    const seen = new Map<string, Seen>();
    let nextMs: number | undefined;
    for (const raw of names) {
      const name = textOfName(raw);
      if (!isSpecName(name)) continue;
      const path = Buffer.concat([Buffer.from(`${this.#folder}/`), raw]);
      const stats = await lstatOrGone(path);
      if (stats === undefined) continue;
      const waitMs = await this.#remaining(path, name, stats, seen);
      if (waitMs === 0) settled.push({ path, name, mtimeNs: stats.mtimeNs });
      else nextMs = Math.min(nextMs ?? Number.POSITIVE_INFINITY, waitMs);
    }
    this.#seen = seen;
    return { settled: settled.sort(byAge), nextMs };
  }

  async #remaining(path: Buffer, name: string, stats: BigIntStats, seen: Map<string, Seen>): Promise<number> {
    const now = this.#clock.now();
    const appearance = `${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
    const before = this.#seen.get(name);
    const current = before?.appearance === appearance ? before : { appearance, since: now };
    seen.set(name, current);
    const age = now + this.#offsetMs - Number(stats.ctimeNs / 1_000_000n);
    const stillMs = Math.max(age, now - current.since);
    const patienceMs = this.#settleMs * PATIENCE;
    if (stillMs < this.#settleMs) return this.#settleMs - stillMs;
    if (stillMs >= patienceMs || !stats.isFile()) return 0;
    current.isUnfinished ??= await looksUnfinished(path);
    return current.isUnfinished ? patienceMs - stillMs : 0;
  }
}

/** Taken by another watcher between listing and looking. */
async function lstatOrGone(path: Buffer): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function byAge(a: Arrival, b: Arrival): number {
  if (a.mtimeNs !== b.mtimeNs) return a.mtimeNs < b.mtimeNs ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
