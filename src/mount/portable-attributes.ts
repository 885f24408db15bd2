/** Attributes as the mount shows them: the master's identity and rights, the served file's size. */

import type { BigIntStats } from 'node:fs';
import type { FuseStat } from 'fuse-native';

/** What differs from the master while a replacement is served, or after a flip. */
export interface Shown {
  readonly served: BigIntStats;
  readonly mtimeNs: bigint | undefined;
  /** A flip moves ctime forward, so that caches keyed by it are asked again. */
  readonly flippedAtMs: number;
}

/** fuse-native carries inode numbers in 32 bits and times in milliseconds. */
export function attributesOf(master: BigIntStats, shown: Shown): FuseStat {
  return {
    mode: Number(master.mode),
    uid: Number(master.uid),
    gid: Number(master.gid),
    size: Number(shown.served.size),
    nlink: Number(master.nlink),
    ino: foldInode(master.ino),
    rdev: Number(master.rdev),
    blksize: Number(master.blksize),
    blocks: Number(shown.served.blocks),
    atime: Number(master.atimeMs),
    mtime: Number((shown.mtimeNs ?? master.mtimeNs) / 1_000_000n),
    ctime: Math.max(Number(master.ctimeMs), shown.flippedAtMs),
  };
}

export function ordinaryAttributes(stats: BigIntStats): FuseStat {
  return attributesOf(stats, { served: stats, mtimeNs: undefined, flippedAtMs: 0 });
}

function foldInode(ino: bigint): number {
  return Number(BigInt.asUintN(32, ino ^ (ino >> 32n)));
}
