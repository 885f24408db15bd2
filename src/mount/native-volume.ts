/**
 * A volume served by the addon.
 *
 * The native threads answer the kernel; this object only commits, lists and unmounts.
 * Nothing in here ever touches a path below the mount point.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, ProxyfsError, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { CommitResult, Counters, MountedVolume, MountInfo, OpenHandle, SwapChanges } from './driver.js';
import { EventBacklog, type Listener } from './event-backlog.js';
import type { NativeEvent, NativeSession } from './native-addon.js';
import { packChanges, unpackResult } from './native-batch.js';
import { toOpenHandle, toVolumeEvent } from './native-events.js';
import { ProcessNames } from './process-name.js';

/** Desktop indexers hold a new mount for moments; a person should not have to retry for them. */
const BUSY_RETRIES = 5;
const BUSY_PAUSE_MS = 50;
/** How long the kernel may take to end the connection of a mount that nobody holds. */
const DETACH_PATIENCE_MS = 250;
/** A copy of the mount in another mount namespace keeps the connection, though the mount point is gone here. */
const UNMOUNT_PATIENCE_MS = 2_000;
const NAMED_HOLDERS = 5;

export class NativeVolume implements MountedVolume {
  readonly driver = 'native';
  readonly closed: Promise<void>;
  readonly #session: NativeSession;
  readonly #processes = new ProcessNames();
  #resolveClosed: () => void = () => {};
  #isClosed = false;
  readonly #events = new EventBacklog((event) => toVolumeEvent(event, this.#processes));

  /** `mount` starts the session with the listener it is given. */
  constructor(
    readonly mountPoint: RealPath,
    mount: (onEvent: (event: NativeEvent) => void) => NativeSession,
  ) {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#session = mount((event) => this.#receive(event));
  }

  get info(): MountInfo {
    const { protocolMajor, protocolMinor, passthrough, incEpoch, via, notes } = this.#session.info;
    return { protocol: `${protocolMajor}.${protocolMinor}`, passthrough, incEpoch, via, limits: notes };
  }

  async commit(changes: SwapChanges): Promise<CommitResult> {
    try {
      return unpackResult(this.#session.commit(packChanges(changes)));
    } catch (error) {
      if (errnoOf(error) !== 'ENOTCONN') throw toProxyfsError(error);
      throw new ProxyfsError('fuse/unavailable', `'${this.mountPoint}' is no longer mounted: mount it again`, {
        cause: error,
      });
    }
  }

  handles(options: { onlySwappable?: boolean } = {}): readonly OpenHandle[] {
    return this.#session.handles(options.onlySwappable === true).map((handle) => toOpenHandle(handle, this.#processes));
  }

  counters(): Counters {
    const {
      lookups = 0,
      opens = 0,
      reads = 0,
      writes = 0,
      nodes = 0,
      openHandles = 0,
      swaps = 0,
      eventsLost = 0,
    } = this.#session.counters();
    return { lookups, opens, reads, writes, nodes, openHandles, swaps, eventsLost };
  }

  releasePaths(): void {
    if (!this.#isClosed) this.#session.releasePaths();
  }

  reopenSource(): void {
    if (this.#isClosed) return;
    try {
      this.#session.reopenSource();
    } catch (error) {
      throw toProxyfsError(error);
    }
  }

  onEvent(listener: Listener): void {
    this.#events.listen(listener);
  }

  async unmount({ force }: { force: boolean }): Promise<void> {
    if (this.#isClosed) return;
    if (force) {
      this.#unmountNow(true);
      await this.#closedWithin(DETACH_PATIENCE_MS);
      return;
    }
    await this.#unmountWhenIdle();
    await this.#closedWithin(UNMOUNT_PATIENCE_MS);
  }

  async #unmountWhenIdle(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#unmountNow(false);
        return;
      } catch (error) {
        if (!(error instanceof ProxyfsError && error.code === 'mountpoint/busy') || attempt > BUSY_RETRIES) throw error;
        await sleep(BUSY_PAUSE_MS);
      }
    }
  }

  #unmountNow(detach: boolean): void {
    try {
      this.#session.unmount(detach);
    } catch (error) {
      throw errnoOf(error) === 'EBUSY' ? this.#busyError(error) : toProxyfsError(error);
    }
  }

  #busyError(cause: unknown): ProxyfsError {
    const holders = [...new Set(this.handles().map(({ process, pid }) => `${process} (pid ${pid})`))];
    const named = holders.slice(0, NAMED_HOLDERS).join(', ');
    const who = holders.length === 0 ? 'a program works in a folder of it' : `files are open in ${named}`;
    return new ProxyfsError('mountpoint/busy', `${this.mountPoint} is in use: ${who}`, { cause, details: { holders } });
  }

  /** The addon does not keep the event loop alive; the timer does, for whoever waits for the end. */
  async #closedWithin(milliseconds: number): Promise<void> {
    const patience = new AbortController();
    const timeout = sleep(milliseconds, undefined, { signal: patience.signal });
    await Promise.race([this.closed, timeout.catch(() => {})]); // it only rejects by the abort below
    patience.abort();
  }

  #receive(event: NativeEvent): void {
    if (event.kind === 'closed') {
      this.#isClosed = true;
      this.#resolveClosed();
      return;
    }
    this.#events.push(event);
  }
}
