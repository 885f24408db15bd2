/** What every path is served from, as a table: the desired or the committed state of all assets. */

import type { AssetId, FileIdentity } from '../base/ids.js';
import type { Swap, SwapChange } from '../mount/driver.js';
import type { Mode } from './mode.js';

/** The state of one asset: a table entry and whose it is. */
export interface ViewEntry extends SwapChange {
  readonly id: AssetId;
  readonly swap: Swap;
  /** What was asked for; with `proxy`, `swap` tells whether it could be had. */
  readonly mode: Mode;
}

/** The place of a file identity in a view: device and inode number in one. */
export type ViewKey = bigint;

export interface View {
  readonly size: number;
  /** How many entries lead to a replacement. */
  readonly replaced: number;
  has(key: ViewKey): boolean;
  get(key: ViewKey): ViewEntry | undefined;
  keys(): Iterable<ViewKey>;
  values(): Iterable<ViewEntry>;
}

const INODE_BITS = 64;

/** A number, since maps hash it several times faster than text; inode numbers have at most 64 bits. */
export function viewKey({ dev, ino }: FileIdentity): ViewKey {
  return (dev << BigInt(INODE_BITS)) | ino;
}

export function identityOf(key: ViewKey): FileIdentity {
  return { dev: key >> BigInt(INODE_BITS), ino: BigInt.asUintN(INODE_BITS, key) };
}
