/**
 * fuse-native 2.2.6 with the repairs this driver needs. Each is a method of the class that does
 * something else than its C side offers:
 *
 * - fgetattr asks by path, so that a pinned handle would report the size of another variant;
 * - utimens passes the access time twice and loses the modification time;
 * - getxattr and listxattr overrun or cut short a buffer that is too small, instead of ERANGE;
 * - mount options are a fixed list without direct_io, use_ino and big_writes, and a time-out of 0
 *   counts as none given;
 * - unmount runs fusermount -z, which detaches a busy mount.
 */

import { constants } from 'node:os';
import type FuseClass from 'fuse-native';
import type { FuseOperations, FuseStat, Handler, Signal } from 'fuse-native';

const OPCODE_UTIMENS = 12;
const ERANGE = -constants.errno.ERANGE;

/** Where the C side keeps the two times of a utimens request: Linux, then macOS (narrower mode and device). */
const TIME_OFFSETS = [
  { atime: 104, mtime: 112 },
  { atime: 96, mtime: 104 },
];

export interface FuseSession {
  mount(done: (error?: Error | null) => void): void;
  /** Lets the event loop end; the mount itself must be gone or detached already. */
  unmount(done: (error?: Error | null) => void): void;
}

/** Makes a session of `Base`; `optionList` is passed to libfuse as it is. */
export function createFuseSession(
  Base: typeof FuseClass,
  mountPoint: string,
  operations: Partial<FuseOperations>,
  optionList: readonly string[],
): FuseSession {
  // The mount point is taken down by portable-unmount.ts, which can tell a busy mount from a free one.
  Base.unmount = (_mountPoint, done) => done(null);

  class RepairedFuse extends Base {
    protected override _fuseOptions(): string {
      return `-o${optionList.join(',')}`;
    }

    protected override _makeHandlerArray(): Handler[] {
      const handlers = super._makeHandlerArray();
      const utimens = handlers[OPCODE_UTIMENS];
      if (utimens !== undefined) handlers[OPCODE_UTIMENS] = withModificationTime(utimens);
      return handlers;
    }

    protected override _op_fgetattr(signal: Signal, path: string, handle: number): void {
      this.ops.fgetattr?.(path, handle, (result, stat) => {
        if (result !== 0 || stat === undefined) signal(result);
        else signal(0, encodeStat(stat));
      });
    }

    protected override _op_getxattr(signal: Signal, path: string, name: string, into: Buffer, position: number): void {
      this.ops.getxattr?.(path, name, position, (result, value) => {
        if (result !== 0 || value === undefined) return signal(result, into.buffer);
        if (into.length === 0) return signal(value.length, into.buffer);
        if (into.length < value.length) return signal(ERANGE, into.buffer);
        value.copy(into);
        return signal(value.length, into.buffer);
      });
    }

    protected override _op_listxattr(signal: Signal, path: string, into: Buffer): void {
      this.ops.listxattr?.(path, (result, names) => {
        if (result !== 0 || names === undefined) return signal(result, into.buffer);
        const list = Buffer.from(names.map((name) => `${name}\0`).join(''));
        if (into.length === 0) return signal(list.length, into.buffer);
        if (into.length < list.length) return signal(ERANGE, into.buffer);
        list.copy(into);
        return signal(list.length, into.buffer);
      });
    }
  }
  // No time-out: it would take the buffer away under a read that is still filling it.
  return new RepairedFuse(mountPoint, operations, { timeout: false });
}

function withModificationTime(handler: Handler): Handler {
  return (request, opcode, ...values) => {
    const [path, atimeLow, atimeHigh, mtimeLow, mtimeHigh] = values;
    for (const at of TIME_OFFSETS) {
      if (request.readUInt32LE(at.atime) !== atimeLow || request.readUInt32LE(at.atime + 4) !== atimeHigh) continue;
      const mtime = [request.readUInt32LE(at.mtime), request.readUInt32LE(at.mtime + 4)];
      return handler(request, opcode, path, atimeLow, atimeHigh, ...mtime);
    }
    return handler(request, opcode, path, atimeLow, atimeHigh, mtimeLow, mtimeHigh);
  };
}

/** The 18 words that the C side turns into a struct stat. */
function encodeStat(stat: FuseStat): Uint32Array {
  return Uint32Array.of(
    stat.mode,
    stat.uid ?? 0,
    stat.gid ?? 0,
    ...words(stat.size ?? 0),
    0,
    stat.nlink ?? 1,
    stat.ino,
    stat.rdev ?? 0,
    stat.blksize ?? 0,
    ...words(stat.blocks ?? 0),
    ...words(stat.atime ?? 0),
    ...words(stat.mtime ?? 0),
    ...words(stat.ctime ?? 0),
  );
}

function words(value: number): [number, number] {
  const whole = Math.floor(value);
  return [whole % 0x1_0000_0000, Math.floor(whole / 0x1_0000_0000)];
}
