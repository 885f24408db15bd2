/**
 * lstat of many paths. Node takes a turn of a thread for each and makes an object of all that lstat
 * tells, which for the clips of a large project costs ten times as much as the kernel's part.
 */

import { constants } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { RealPath } from '../base/paths.js';
import type { NativeAddon } from './native-addon.js';
import { addonIfBuilt } from './native-loader.js';

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other';
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** Paths of one turn: few enough that slow storage is asked by several threads at a time. */
const AT_ONCE = 8;
const NUMBERS = 6;

/** In the order of the paths; an Error of Node stands for what could not be looked at. */
export async function lstatAll(paths: readonly RealPath[]): Promise<readonly (FileStat | Error)[]> {
  const parts: Promise<readonly (FileStat | Error)[]>[] = [];
  for (let at = 0; at < paths.length; at += AT_ONCE) parts.push(lstatSome(paths.slice(at, at + AT_ONCE)));
  return (await Promise.all(parts)).flat();
}

/** An addon that was built before it could do this leaves it to Node. */
let lstatOfAddon: NativeAddon['lstatAll'] | null | undefined;

async function lstatSome(paths: readonly RealPath[]): Promise<readonly (FileStat | Error)[]> {
  if (lstatOfAddon === undefined) lstatOfAddon = addonIfBuilt()?.lstatAll ?? null;
  if (lstatOfAddon === null) return await Promise.all(paths.map(lstatOne));
  const numbers = await lstatOfAddon(Buffer.from(`${paths.join('\0')}\0`));
  const unsigned = new BigUint64Array(numbers.buffer);
  const stats = paths.map((path, index) => statAt(index * NUMBERS, numbers, unsigned) ?? lstatOne(path));
  return stats.some((stat) => stat instanceof Promise) ? await Promise.all(stats) : (stats as FileStat[]);
}

function statAt(at: number, numbers: BigInt64Array, unsigned: BigUint64Array): FileStat | undefined {
  const [mode, dev, ino] = [Number(numbers[at]), unsigned[at + 1], unsigned[at + 2]];
  const [size, mtimeNs, ctimeNs] = [numbers[at + 3], numbers[at + 4], numbers[at + 5]];
  if (mode === 0 || dev === undefined || ino === undefined) return undefined;
  if (size === undefined || mtimeNs === undefined || ctimeNs === undefined) return undefined;
  return { kind: kindOf(mode), dev, ino, size, mtimeNs, ctimeNs };
}

function kindOf(mode: number): FileStat['kind'] {
  const type = mode & constants.S_IFMT;
  if (type === constants.S_IFREG) return 'file';
  return type === constants.S_IFDIR ? 'folder' : 'other';
}

/** Also for what the addon could not look at: Node's errors say in words why. */
async function lstatOne(path: RealPath): Promise<FileStat | Error> {
  try {
    const { mode, dev, ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    const [ownDev, ownIno] = [BigInt.asUintN(64, dev), BigInt.asUintN(64, ino)];
    return { kind: kindOf(Number(mode)), dev: ownDev, ino: ownIno, size, mtimeNs, ctimeNs };
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
