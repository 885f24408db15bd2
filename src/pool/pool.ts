/**
 * The content-addressed store of published proxies.
 *
 * Layout below the pool directory: `objects/ab/<key><ext>` and `objects/ab/<key>.json`
 * (the manifest, written last), `tmp/` for files being made, `segments/<key>/` for parts of long ones, `users/` for who uses what. A proxy is visible only
 * when both are complete and durable; nothing in `objects` is ever changed in place.
 * Several daemons may share one pool.
 */

import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { Manifest } from './manifest.js';
import type { Unclaimed } from './unclaimed.js';

/** A further file that is published under the key: it goes with the proxy, and when it goes. */
export interface Beside {
  readonly temporary: RealPath;
  /** What follows the key in its name. */
  readonly suffix: string;
}

/** In bytes. */
export interface PoolSpace {
  /** All published proxies, and segments. */
  readonly used: number;
  /** Parts of proxies that are not finished. */
  readonly segments: number;
  /** For the user on the pool's file system, and all of it. */
  readonly free: number;
  readonly total: number;
}

export interface Pool {
  readonly directory: RealPath;
  /** Where the proxy of a key lies, published or not. */
  fileOf(key: PoolKey, extension: string): RealPath;
  /** The manifest of a published proxy whose file is there with the size the manifest states. */
  find(key: PoolKey): Promise<Manifest | undefined>;
  /** A path in `tmp` for a file in the making; its name carries `owner` and this process. */
  temporary(owner: string, extension: string): RealPath;
  /** Syncs file and manifest and renames both into place; the file becomes read-only. Idempotent for an equal key. */
  publish(temporary: RealPath, manifest: Manifest, beside?: readonly Beside[]): Promise<RealPath>;
  /** Removes what processes that are gone left in `tmp`. Returns how many. */
  sweep(): Promise<number>;
  /** The keys of everything that is published, and perhaps of something damaged: one look for many keys. */
  keys(): Promise<ReadonlySet<PoolKey>>;
  /** All published manifests; damaged ones are reported to `onDamaged` and left out. */
  manifests(onDamaged: (path: RealPath, reason: string) => void): AsyncIterable<Manifest>;
  /** Removes a proxy whoever uses it: for damaged ones. */
  remove(key: PoolKey): Promise<void>;
  /** This project uses the proxy: no other project removes it. To be said before looking whether it is there. */
  claim(key: PoolKey): Promise<void>;
  /** Ends this project's use, and removes the proxy unless another living project uses it. Returns whether it went. */
  release(key: PoolKey): Promise<boolean>;
  /** What this project uses is exactly this: asked for by the first two digits of the keys. */
  syncClaims(keysOf: (beginning: string) => ReadonlySet<PoolKey>): Promise<void>;
  /** What other living projects use. */
  usedByOthers(): Promise<ReadonlySet<PoolKey>>;
  /** Proxies, the oldest first, that neither a living project nor `own` uses. */
  unclaimed(own: ReadonlySet<PoolKey>, now?: number): Promise<readonly Unclaimed[]>;
  /** Whether the pool's disk is there at all: an unmounted one looks like a pool that lost everything. */
  isReachable(): Promise<boolean>;
  /** Bytes of a proxy with its manifest and what was published beside it: what its removal frees. */
  weigh(key: PoolKey): Promise<number>;
  /** Segments that nobody wrote to for a day and that none of these goes on with; the oldest first. */
  abandonedSegments(goingOn: ReadonlySet<PoolKey>, now?: number): Promise<readonly Unclaimed[]>;
  /** Bytes of the segments that are there. */
  segments(): Promise<ReadonlyMap<PoolKey, number>>;
  removeSegments(key: PoolKey): Promise<void>;
  space(): Promise<PoolSpace>;
}
