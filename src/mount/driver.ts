/**
 * What the control plane knows of a mounted volume, whichever driver serves it.
 *
 * A driver is a generic pass-through over one source directory with a swap table.
 * It knows nothing of modes, profiles or FFmpeg. Nothing here ever calls back into
 * JavaScript to answer a request of the kernel (the portable driver excepted,
 * which says so in `MountInfo.limits`).
 */

import type { FileIdentity } from '../base/ids.js';
import type { RealPath, VirtualPath } from '../base/paths.js';

export type DriverKind = 'native' | 'portable';

export interface MountDriver {
  readonly kind: DriverKind;
  /** Resolves when the mount point answers. Rejects with `fuse/*`, `mountpoint/*` or `driver/*`. */
  mount(options: MountOptions): Promise<MountedVolume>;
}

export interface MountOptions {
  readonly source: RealPath;
  readonly mountPoint: RealPath;
  /** Shown as the first field of /proc/mounts. */
  readonly fsName: string;
  /** Names in the root of the source that do not exist in the mount (`.proxyfs`). */
  readonly hiddenRootNames: readonly string[];
  /** What a write-open of a replaced file gets: EROFS, or ESTALE and the master from then on. */
  readonly writes: 'deny' | 'demote';
  /** Lets other users in (needs root, or user_allow_other in fuse.conf). */
  readonly allowOther: boolean;
  /** Each capability of the kernel can be switched off, to use and to test its fallback. */
  readonly disable: {
    /** READ is answered by native threads. */
    readonly passthrough?: boolean;
    /** Entries are invalidated one by one instead of by FUSE_NOTIFY_INC_EPOCH. */
    readonly incEpoch?: boolean;
    /** No notification at all and no check at OPEN: only for the test that proves their effect. */
    readonly coherence?: boolean;
    /** Mount through fusermount3 even as root. */
    readonly directMount?: boolean;
  };
  /** Seconds the kernel may keep entries and attributes; default 1. */
  readonly cacheSeconds?: number;
}

export interface MountedVolume {
  readonly driver: DriverKind;
  readonly mountPoint: RealPath;
  readonly info: MountInfo;
  /**
   * Applies all changes or none. Afterwards every new lookup sees the new table,
   * and the kernel has been told. Changes with `onlyIfIdle` are left out (and
   * listed) when somebody holds the file open.
   */
  commit(changes: SwapChanges): Promise<CommitResult>;
  /** Open handles on regular files; `onlySwappable` leaves out files without a table entry. */
  handles(options?: { onlySwappable?: boolean }): readonly OpenHandle[];
  counters(): Counters;
  /** Lets go of files and folders of the source that nobody has open, so that what is mounted below it can be unmounted. */
  releasePaths(): void;
  /** Serves what lies at the source's path now: its drive was away, and is back. Open handles stay what they are. */
  reopenSource(): void;
  /** One listener; events are delivered in order, never inside `commit`. */
  onEvent(listener: (event: VolumeEvent) => void): void;
  /**
   * Unmounts. Without `force`, rejects with `mountpoint/busy` while files are open;
   * with it, detaches the mount at once (held handles keep working as far as the kernel allows).
   */
  unmount(options: { force: boolean }): Promise<void>;
  /** Resolves when the mount is gone for whatever reason (our unmount, umount(8), a dead session). */
  readonly closed: Promise<void>;
}

export interface MountInfo {
  /** FUSE protocol agreed with the kernel, for example `7.45`; `2.9 (libfuse)` for the portable driver. */
  readonly protocol: string;
  readonly passthrough: boolean;
  readonly incEpoch: boolean;
  /** How the mount was made. */
  readonly via: 'mount(2)' | 'fusermount3' | 'libfuse';
  /** Sentences for the log: which path is in use and why, and what this driver cannot do. */
  readonly limits: readonly string[];
}

/** What a path with this identity is to be served from. */
export type Swap =
  | {
      readonly kind: 'replace';
      readonly replacement: RealPath;
      /** mtime shown while the replacement is served, in nanoseconds. */
      readonly mtimeNs: bigint;
      /** The master this replacement was made from; another size or mtime falls back to the master. */
      readonly guard: MasterGuard;
    }
  | { readonly kind: 'master' }
  /** OPEN for reading answers EIO (`missing=deny`). */
  | { readonly kind: 'deny' };

export interface MasterGuard {
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

export interface SwapChange {
  readonly asset: FileIdentity;
  /** undefined takes the asset out of the table: an ordinary file again. */
  readonly swap: Swap | undefined;
  /** Shown as `user.proxyfs.reason`; one short sentence. */
  readonly reason: string;
  /** Shown as `user.proxyfs.profile`; empty when none applies. */
  readonly profile: string;
  /** Leave this change out while somebody holds the file open. */
  readonly onlyIfIdle?: boolean;
}

/** Changes that are read once, in order; an array of them, or something that makes each when it is asked for. */
export interface SwapChanges extends Iterable<SwapChange> {
  readonly length: number;
}

export interface CommitResult {
  /** Grows by one with every commit that changed something. */
  readonly epoch: number;
  /** How many assets are now served from another file than before. */
  readonly changed: number;
  /** Changes left out because of `onlyIfIdle`. */
  readonly busy: readonly FileIdentity[];
  /** Paths of changed assets that the kernel has looked up: those to nudge. */
  readonly known: readonly VirtualPath[];
  /** Time in the table, and time to tell the kernel. */
  readonly tableNs: number;
  readonly kernelNs: number;
}

export interface OpenHandle {
  readonly path: VirtualPath;
  readonly asset: FileIdentity;
  readonly variant: 'master' | 'replacement';
  /** The handle's variant is not what a new open would get. */
  readonly outdated: boolean;
  readonly writable: boolean;
  readonly pid: number;
  /** Name of the process, or `exited` when it is gone. */
  readonly process: string;
  readonly uid: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Requests of the kernel by kind since the mount, and sizes of the tables. */
export interface Counters {
  readonly lookups: number;
  readonly opens: number;
  /** READ requests that reached the daemon; stays 0 with passthrough. */
  readonly reads: number;
  readonly writes: number;
  readonly nodes: number;
  readonly openHandles: number;
  readonly swaps: number;
  /** Events dropped because the listener was too slow. */
  readonly eventsLost: number;
}

export type VolumeEvent =
  /** A swappable file was opened. */
  | {
      readonly kind: 'opened';
      readonly path: VirtualPath;
      readonly asset: FileIdentity;
      readonly variant: 'master' | 'replacement';
      readonly pid: number;
    }
  /** The last handle on a swappable file was closed. */
  | { readonly kind: 'idle'; readonly path: VirtualPath; readonly asset: FileIdentity }
  /** The guard no longer fits: the master changed since the replacement was made, and is served. */
  | { readonly kind: 'stale'; readonly path: VirtualPath; readonly asset: FileIdentity }
  /** A write to a replaced file was refused, or demoted it to its master. */
  | {
      readonly kind: 'write-refused' | 'demoted';
      readonly path: VirtualPath;
      readonly asset: FileIdentity;
      readonly pid: number;
    }
  /** The tree was changed through the mount: a writable handle was closed, a name appeared, moved or went. */
  | { readonly kind: 'changed'; readonly path: VirtualPath }
  /** Some events were dropped: rescan. */
  | { readonly kind: 'lost'; readonly count: number };
