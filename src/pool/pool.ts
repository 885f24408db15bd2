/**
 * The content-addressed store of published proxies.
 *
 * Layout below the pool directory: `objects/ab/<key><ext>` and `objects/ab/<key>.json`
 * (the manifest, written last), `tmp/` for files being made. A proxy is visible only
 * when both are complete and durable; nothing in `objects` is ever changed in place.
 * Several daemons may share one pool.
 */

import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { Manifest } from './manifest.js';

export interface Pool {
  readonly directory: RealPath;
  /** Where the proxy of a key lies, published or not. */
  fileOf(key: PoolKey, extension: string): RealPath;
  /** The manifest of a published proxy whose file is there with the size the manifest states. */
  find(key: PoolKey): Promise<Manifest | undefined>;
  /** A path in `tmp` for a file in the making; its name carries `owner` and this process. */
  temporary(owner: string, extension: string): RealPath;
  /** Syncs file and manifest and renames both into place; the file becomes read-only. Idempotent for an equal key. */
  publish(temporary: RealPath, manifest: Manifest): Promise<RealPath>;
  /** Removes what processes that are gone left in `tmp`. Returns how many. */
  sweep(): Promise<number>;
  /** All published manifests; damaged ones are reported to `onDamaged` and left out. */
  manifests(onDamaged: (path: RealPath, reason: string) => void): AsyncIterable<Manifest>;
  remove(key: PoolKey): Promise<void>;
  /** Bytes of all published proxies, and bytes free for the user on the pool's file system. */
  space(): Promise<{ readonly used: number; readonly free: number }>;
}
