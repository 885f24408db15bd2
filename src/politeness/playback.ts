/**
 * Whether somebody plays from the mount, or otherwise reads on and on.
 *
 * With passthrough no READ reaches the daemon, but the holders of media files are known, and
 * the kernel counts what each process reads. Who holds a clip and reads at the pace of a
 * picture for two looks on end, plays. Where the process cannot be looked into (another user's,
 * or the kernel's own server of NFS), READs that reach the daemon say it instead.
 */

import { readFile } from 'node:fs/promises';
import type { OpenHandle } from '../mount/driver.js';

export interface Player {
  readonly process: string;
  readonly pid: number;
  /** One of the clips it holds, the latest opened. */
  readonly path: string;
}

export interface PlaybackOptions {
  /** Media files that others hold open. */
  readonly handles: () => readonly OpenHandle[];
  /** READ requests that reached the daemon so far. */
  readonly reads: () => number;
  readonly bytesReadBy?: (pid: number) => Promise<number | undefined>;
}

/** A light proxy of standard definition plays with more than this; an editor that idles reads less. */
const LEAST_BYTES_PER_SECOND = 256 * 1024;
const LEAST_READS_PER_SECOND = 2;
const STREAK = 2;
/** A pause between two takes is no end. */
const STICKY_MS = 5000;

export class PlaybackWatch {
  readonly #options: PlaybackOptions;
  #before = new Map<number, { readonly bytes: number; readonly streak: number }>();
  #reads = 0;
  #readStreak = 0;
  #at: number | undefined;
  #last: { readonly player: Player; readonly at: number } | undefined;

  constructor(options: PlaybackOptions) {
    this.#options = options;
  }

  /** Who plays, as of this look; to be called about once a second. */
  async look(now: number): Promise<Player | undefined> {
    const player = await this.#find(Math.max(1, now - (this.#at ?? now)) / 1000);
    this.#at = now;
    if (player !== undefined) this.#last = { player, at: now };
    return this.#last !== undefined && now - this.#last.at <= STICKY_MS ? this.#last.player : undefined;
  }

  async #find(seconds: number): Promise<Player | undefined> {
    const holders = latestPerProcess(this.#options.handles());
    const seen = new Map<number, { bytes: number; streak: number }>();
    let closed: OpenHandle | undefined;
    let found: OpenHandle | undefined;
    for (const [pid, handle] of holders) {
      const bytes = await (this.#options.bytesReadBy ?? bytesReadBy)(pid);
      if (bytes === undefined) {
        closed = handle;
        continue;
      }
      const before = this.#before.get(pid);
      const isReading = before !== undefined && (bytes - before.bytes) / seconds >= LEAST_BYTES_PER_SECOND;
      const streak = isReading ? before.streak + 1 : 0;
      seen.set(pid, { bytes, streak });
      if (streak >= STREAK) found = handle;
    }
    this.#before = seen;
    return toPlayer(found ?? this.#unseen(closed, seconds));
  }

  #unseen(handle: OpenHandle | undefined, seconds: number): OpenHandle | undefined {
    const reads = this.#options.reads();
    const isReading = (reads - this.#reads) / seconds >= LEAST_READS_PER_SECOND;
    this.#reads = reads;
    this.#readStreak = isReading && this.#at !== undefined ? this.#readStreak + 1 : 0;
    return this.#readStreak >= STREAK ? handle : undefined;
  }
}

function latestPerProcess(handles: readonly OpenHandle[]): ReadonlyMap<number, OpenHandle> {
  const latest = new Map<number, OpenHandle>();
  for (const handle of handles)
    if ((latest.get(handle.pid)?.since ?? -1) <= handle.since) latest.set(handle.pid, handle);
  return latest;
}

function toPlayer(handle: OpenHandle | undefined): Player | undefined {
  return handle && { process: handle.process, pid: handle.pid, path: handle.path };
}

/** By system calls, and by touching mapped pages; undefined for a process that may not be looked into. */
async function bytesReadBy(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const figure = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return Math.max(figure('rchar'), figure('read_bytes'));
}
