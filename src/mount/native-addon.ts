/**
 * The face of the addon built from `native/`, as plain values.
 *
 * This file is the contract between `native/binding` and TypeScript: 64-bit
 * identities travel as bigint, paths as byte strings (Buffer), since the kernel
 * promises no encoding.
 */

export interface NativeAddon {
  /**
   * Mounts and starts the native threads. Synchronous, but short: INIT has been
   * answered when it returns. Throws an Error with `code` (errno name) and `step`
   * (`open-device`, `open-source`, `mount`, `fusermount`, `init`).
   */
  mount(options: NativeMountOptions, onEvent: (event: NativeEvent) => void): NativeSession;
  /** What this process and kernel can do, without mounting anything. */
  probe(): NativeProbe;
  /** Ends the process with this code after that time, whatever its threads wait for, unless it has ended before. */
  exitWithin(milliseconds: number, code: number): void;
  /** Gives the system what was freed in native code. Takes milliseconds, for which other threads may wait that allocate. */
  returnFreeMemory(): void;
  /**
   * lstat of paths that each end with a zero byte, in one turn of a thread. Per path: mode, dev, ino,
   * size, mtimeNs, ctimeNs; all 0 for what could not be looked at.
   */
  lstatAll(paths: Buffer): Promise<BigInt64Array>;
}

export interface NativeMountOptions {
  readonly source: Buffer;
  readonly mountPoint: Buffer;
  readonly fsName: string;
  readonly hiddenRootNames: readonly string[];
  readonly demoteWrites: boolean;
  readonly allowOther: boolean;
  readonly usePassthrough: boolean;
  readonly useIncEpoch: boolean;
  /** false: no notifications, and OPEN does not check for an outdated variant (twin tests only). */
  readonly coherent: boolean;
  readonly directMount: boolean;
  readonly cacheSeconds: number;
  readonly threads: number;
}

export interface NativeSession {
  readonly info: NativeInfo;
  /** One transaction, synchronous; see `NativeBatch`. Throws with code ENOTCONN once the volume is closed. */
  commit(batch: NativeBatch): NativeCommitResult;
  handles(onlySwappable: boolean): NativeHandle[];
  counters(): Record<string, number>;
  /** Closes the descriptors of files and folders that no handle and no request needs. */
  releasePaths(): void;
  /** Serves what lies at the source's path now. Throws with `code`. */
  reopenSource(): void;
  /**
   * umount2 or fusermount3 -u; `detach` is lazy. Throws with `code` (EBUSY, ...).
   * The session ends (and `onEvent` gets `{kind:'closed'}`) when the kernel lets go of the device.
   */
  unmount(detach: boolean): void;
}

export interface NativeInfo {
  readonly protocolMajor: number;
  readonly protocolMinor: number;
  readonly passthrough: boolean;
  readonly incEpoch: boolean;
  readonly via: 'mount(2)' | 'fusermount3';
  /** Why something is not in use, one sentence each. */
  readonly notes: string[];
}

/** Many byte strings as two values: string i is `bytes` from `ends[i - 1]` (0 for the first) to `ends[i]`. */
export interface NativeStrings {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
}

/**
 * Changes as columns: 100,000 rows cross the boundary without 100,000 objects.
 * The columns index `strings`.
 */
export interface NativeBatch {
  readonly count: number;
  /** Per row: dev, ino, guardSize, guardMtimeNs, mtimeNs. */
  readonly numbers: BigInt64Array;
  /** Per row: action (0 remove, 1 master, 2 replace, 3 deny), flags (bit 0 onlyIfIdle), replacement, reason, profile (indices into strings). */
  readonly columns: Uint32Array;
  readonly strings: NativeStrings;
}

export interface NativeCommitResult {
  readonly epoch: number;
  readonly changed: number;
  /** Pairs dev, ino. */
  readonly busy: BigInt64Array;
  readonly known: NativeStrings;
  readonly tableNs: number;
  readonly kernelNs: number;
}

export interface NativeHandle {
  readonly path: Buffer;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly replaced: boolean;
  readonly outdated: boolean;
  readonly writable: boolean;
  readonly pid: number;
  readonly uid: number;
  readonly sinceMs: number;
}

export type NativeEvent =
  | {
      readonly kind: 'opened';
      readonly path: Buffer;
      readonly dev: bigint;
      readonly ino: bigint;
      readonly replaced: boolean;
      readonly pid: number;
    }
  | { readonly kind: 'idle' | 'stale'; readonly path: Buffer; readonly dev: bigint; readonly ino: bigint }
  | {
      readonly kind: 'write-refused' | 'demoted';
      readonly path: Buffer;
      readonly dev: bigint;
      readonly ino: bigint;
      readonly pid: number;
    }
  | { readonly kind: 'changed'; readonly path: Buffer }
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'closed' };

export interface NativeProbe {
  readonly deviceUsable: boolean;
  /** errno name of opening /dev/fuse, when it is not usable. */
  readonly deviceError: string | undefined;
  readonly capSysAdmin: boolean;
}
