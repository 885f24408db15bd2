/**
 * A mounted volume of the portable driver: the transaction, the handle list, the end.
 * Commits run one after the other. Main thread only.
 */

import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../base/error.js';
import { identityKey } from '../base/ids.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import type {
  CommitResult,
  Counters,
  MountedVolume,
  MountInfo,
  OpenHandle,
  SwapChanges,
  VolumeEvent,
} from './driver.js';
import type { Handle } from './portable-handles.js';
import { findHolders, type Holder } from './portable-holders.js';
import type { PortableState } from './portable-state.js';
import type { Plan, TableEntry } from './portable-table.js';
import { unmountPoint } from './portable-unmount.js';

const BUSY_RETRIES = 5;
const BUSY_PAUSE_MS = 50;

export class PortableVolume implements MountedVolume {
  readonly driver = 'portable' as const;
  readonly mountPoint: RealPath;
  readonly info: MountInfo;
  readonly closed: Promise<void>;
  readonly #state: PortableState;
  #epoch = 0;
  #lastCommit: Promise<unknown> = Promise.resolve();

  constructor(state: PortableState, info: MountInfo, closed: Promise<void>) {
    this.mountPoint = state.options.mountPoint;
    this.info = info;
    this.closed = closed;
    this.#state = state;
  }

  commit(changes: SwapChanges): Promise<CommitResult> {
    const run = this.#lastCommit.then(() => this.#state.events.without(() => this.#commit(changes)));
    this.#lastCommit = run.catch(() => undefined);
    return run;
  }

  handles(options: { onlySwappable?: boolean } = {}): readonly OpenHandle[] {
    const handles = this.#state.handles.all().filter((handle) => {
      return options.onlySwappable !== true || handle.swappable || this.#state.table.get(handle.key) !== undefined;
    });
    if (handles.length === 0) return [];
    const holders = findHolders(this.mountPoint);
    return handles.map((handle) => this.#describe(handle, holders));
  }

  /** It opens by path, and keeps nothing. */
  releasePaths(): void {}

  /** It always does. */
  reopenSource(): void {}

  counters(): Counters {
    const { counts, known, handles, table, events } = this.#state;
    const sizes = { nodes: known.size, openHandles: handles.size, swaps: table.size, eventsLost: events.lost };
    return { ...counts, ...sizes };
  }

  onEvent(listener: (event: VolumeEvent) => void): void {
    this.#state.events.listen(listener);
  }

  async unmount(options: { force: boolean }): Promise<void> {
    if (!options.force) await this.#untilIdle();
    const open = this.#state.handles.size;
    if (open > 0 && !options.force) {
      const paths = [...new Set(this.#state.handles.all().map((handle) => handle.path))].slice(0, 5);
      const advice = 'close the programs that use them, or force it';
      throw new ProxyfsError('mountpoint/busy', `'${this.mountPoint}' has ${open} open files: ${advice}`, {
        details: { paths },
      });
    }
    await unmountPoint(this.mountPoint, options.force);
    if (!options.force) await this.closed;
  }

  /** RELEASE follows close(2) after a moment, and indexers hold a new mount for moments. */
  async #untilIdle(): Promise<void> {
    for (let tries = 0; tries < BUSY_RETRIES && this.#state.handles.size > 0; tries += 1) await sleep(BUSY_PAUSE_MS);
  }

  async #commit(changes: SwapChanges): Promise<CommitResult> {
    const { table, handles, known } = this.#state;
    const start = process.hrtime.bigint();
    const openKeys = handles.openKeys();
    const plan = table.plan([...changes], (key) => openKeys.has(key));
    const paths = handles.beginMoves(entriesBefore(plan, (key) => table.get(key)));
    table.apply(plan, Date.now());
    if (plan.flips.length > 0) this.#epoch += 1;
    const applied = process.hrtime.bigint();
    for (const path of paths) await this.#moveAside(path);
    return {
      epoch: this.#epoch,
      changed: plan.flips.length,
      busy: plan.busy,
      known: plan.flips.flatMap((change) => [...known.of(identityKey(change.asset))]),
      tableNs: Number(applied - start),
      kernelNs: Number(process.hrtime.bigint() - applied),
    };
  }

  /**
   * Moves the node of the open handles away, through the mount, so that kernel and libfuse both
   * learn it; the operation touches nothing in the source (see portable-handles.ts). Where the
   * folder forbids it, or the name has just gone, the flip counts all the same: bytes stay
   * pinned, only fstat of the old handles answers for the new file.
   */
  async #moveAside(path: VirtualPath): Promise<void> {
    const move = this.#state.handles.moveOf(path);
    if (move === undefined) return;
    try {
      await rename(join(this.mountPoint, path), join(this.mountPoint, dirname(path), move.heldName));
    } catch {
      this.#state.handles.abandonMove(path);
    }
  }

  #describe(handle: Handle, holders: Map<VirtualPath, Holder[]>): OpenHandle {
    const name = handle.heldAs === undefined ? handle.path : join(dirname(handle.path), handle.heldAs);
    // All handles at one name are of one variant, so which of its holders goes with which does not matter.
    const holder = holders.get(name as VirtualPath)?.shift() ?? { pid: 0, process: 'exited', uid: 0 };
    const entry = this.#state.table.get(handle.key);
    const isReplaced = entry?.swap.kind === 'replace' && !entry.stale && !entry.demoted;
    const current = isReplaced && entry.swap.kind === 'replace' ? entry.swap.replacement : '';
    return {
      path: handle.path,
      asset: handle.asset,
      variant: handle.variant,
      outdated: current !== handle.servedPath,
      writable: handle.writable,
      ...holder,
      since: handle.sinceMs,
    };
  }
}

function entriesBefore(
  plan: Plan,
  get: (key: string) => TableEntry | undefined,
): ReadonlyMap<string, TableEntry | undefined> {
  return new Map(
    plan.flips.map((change) => {
      const key = identityKey(change.asset);
      return [key, get(key)];
    }),
  );
}
