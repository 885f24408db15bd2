/**
 * What one path serves at this moment: the committed entry of the file that is there
 * now, held against its guard, as the data plane does at every lookup.
 */

import type { BigIntStats } from 'node:fs';
import { extensionOf } from '../src/base/media-extension.js';
import type { VirtualPath } from '../src/base/paths.js';
import type { ServedPath } from '../src/control/schema.js';
import { isMediaExtension } from '../src/probe/media-extensions.js';
import { classifyPath } from '../src/view/eligibility.js';
import { sameGuard, usableProxy, whyNoProxy } from '../src/view/resolve.js';
import type { ServableAsset } from '../src/view/servable.js';
import { type ViewEntry, viewKey } from '../src/view/view.js';
import type { Daemon } from './daemon.js';

/** Stands for bytes that are no text. */
const NO_TEXT = '\uFFFD';

/** The entry of the file, and whether its replacement is what a new open gets. */
export function entryOf({ serving }: Daemon, stat: BigIntStats): { entry: ViewEntry | undefined; isProxy: boolean } {
  const entry = serving.view.get(viewKey(stat));
  const isProxy = entry?.swap.kind === 'replace' && sameGuard(entry.swap.guard, stat);
  return { entry, isProxy };
}

export function servedOf(daemon: Daemon, path: VirtualPath, stat: BigIntStats): ServedPath {
  const size = Number(stat.size);
  const plain = {
    path,
    variant: 'master',
    denied: false,
    profile: null,
    size,
    masterSize: size,
    proxySize: null,
    pinnedBy: daemon.cache.pins.holding(path) ?? null,
  } as const;
  if (!stat.isFile()) {
    const kind = stat.isDirectory() ? 'directory' : 'other';
    return { ...plain, kind, reason: 'it is not a file', state: 'not-media' };
  }
  const asset = daemon.view.byIdentity({ dev: stat.dev, ino: stat.ino });
  if (asset !== undefined) return servedAsset(daemon, path, stat, asset);
  if (isMediaExtension(extensionOf(path))) {
    return path.includes(NO_TEXT)
      ? { ...plain, kind: 'media', reason: 'its name is not valid UTF-8: rename it for a proxy', state: 'ineligible' }
      : { ...plain, kind: 'media', reason: 'it has not been examined yet', state: 'unknown' };
  }
  // A still, a frame of a sequence, or another file of a camera card.
  const refused = classifyPath(path);
  const reason = refused?.kind === 'ineligible' ? refused.reason : 'it is not a media file';
  return { ...plain, kind: 'file', reason, state: 'not-media' };
}

function servedAsset(daemon: Daemon, path: VirtualPath, stat: BigIntStats, asset: ServableAsset): ServedPath {
  const { entry, isProxy } = entryOf(daemon, stat);
  const profile = daemon.profileOf(asset.paths);
  const variant = daemon.files.catalog.variantsOf(asset.id).find((row) => row.profile === profile);
  const masterSize = Number(stat.size);
  const proxySize = variant?.size ?? null;
  return {
    path,
    kind: 'media',
    variant: isProxy ? 'proxy' : 'master',
    denied: entry?.swap.kind === 'deny',
    reason: reasonOf(entry, isProxy, asset),
    state: stateOf(daemon, asset),
    profile: variant?.profile ?? null,
    size: isProxy && proxySize !== null ? proxySize : masterSize,
    masterSize,
    proxySize,
    pinnedBy: daemon.cache.pins.holding(path) ?? null,
  };
}

export function reasonOf(entry: ViewEntry | undefined, isProxy: boolean, asset: ServableAsset): string {
  if (entry === undefined) return 'it is not in the table of the mount yet';
  if (entry.swap.kind === 'replace' && !isProxy) return 'the master changed since its proxy was made';
  if (entry.mode === 'master' || entry.swap.kind !== 'master') return entry.reason.replace(/^\w+: /, '');
  if (usableProxy(asset) === undefined) return whyNoProxy(asset);
  return 'its proxy is ready, and is served once nobody holds the file open, or after a flush';
}

/** What proxy mode would serve. */
function stateOf({ cache, files, profileOf }: Daemon, asset: ServableAsset): ServedPath['state'] {
  if (asset.eligibility.kind !== 'eligible') return asset.eligibility.kind;
  if (usableProxy(asset) !== undefined) return 'ready';
  const profile = profileOf(asset.paths);
  const job = files.queue.latestOf(asset.id, profile);
  if (job?.state === 'running' || job?.state === 'failed' || job?.state === 'waiting') return job.state;
  return cache.isMissed(asset, profile) ? 'waiting' : 'removed';
}
