/**
 * What every path is to be served from: a pure function of assets, modes and policy.
 *
 * One entry per file identity. An asset with hard links has several names but one
 * content: when any of its names is in master mode, all of them serve the master,
 * since a proxy behind a path in master mode would be the greater mistake.
 */

import { type AssetId, identityKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard, Swap, SwapChange } from '../mount/driver.js';
import { decideMode, type Mode, type ModeDecision, type ModeState } from './mode.js';
import type { PublishedProxy, ServableAsset } from './servable.js';

export interface ViewPolicy {
  /** What proxy mode serves where there is no usable proxy: the master, or EIO. */
  readonly missing: 'master' | 'deny';
  /** The mtime shown for a proxy: its own, or the master's. */
  readonly mtime: 'distinct' | 'preserve';
}

/** The desired or committed state of one asset: a table entry and whose it is. */
export interface ViewEntry extends SwapChange {
  readonly id: AssetId;
  readonly swap: Swap;
  /** What was asked for; with `proxy`, `swap` tells whether it could be had. */
  readonly mode: Mode;
}

/** By `identityKey`. */
export type View = ReadonlyMap<string, ViewEntry>;

export function resolveView(
  assets: Iterable<ServableAsset>,
  modes: ModeState,
  policy: ViewPolicy,
): Map<string, ViewEntry> {
  const view = new Map<string, ViewEntry>();
  for (const asset of assets) {
    const key = identityKey(asset.identity);
    if (!view.has(key)) view.set(key, resolveAsset(asset, modes, policy));
  }
  return view;
}

export function resolveAsset(asset: ServableAsset, modes: ModeState, policy: ViewPolicy): ViewEntry {
  const { mode, because, path } = decideAssetMode(asset, modes);
  const origin = describeOrigin(because, path, asset);
  if (mode === 'master') return entry(asset, mode, { kind: 'master' }, `master: ${origin}`);
  const proxy = usableProxy(asset);
  if (proxy === undefined) return withoutProxy(asset, policy);
  const mtimeNs = policy.mtime === 'preserve' ? proxy.guard.mtimeNs : proxy.mtimeNs;
  const swap: Swap = { kind: 'replace', replacement: proxy.file, mtimeNs, guard: proxy.guard };
  return entry(asset, mode, swap, `proxy: ${origin}`, proxy.profile);
}

export interface AssetMode extends ModeDecision {
  /** The name that decided. */
  readonly path: VirtualPath;
}

/** The mode of an asset over all its names; master wins. */
export function decideAssetMode(asset: ServableAsset, modes: ModeState): AssetMode {
  let first: AssetMode | undefined;
  for (const path of asset.paths) {
    const decision = { ...decideMode(modes, path), path };
    if (decision.mode === 'master') return decision;
    first ??= decision;
  }
  return first ?? { mode: modes.base, because: { kind: 'default' }, path: '' as VirtualPath };
}

/** The proxy, when it was made from the master as it is now. */
export function usableProxy(asset: ServableAsset): PublishedProxy | undefined {
  if (asset.eligibility.kind !== 'eligible' || asset.proxy === undefined) return undefined;
  return sameGuard(asset.proxy.guard, asset.master) ? asset.proxy : undefined;
}

/** Why an asset has no usable proxy, in a few words. */
export function whyNoProxy(asset: ServableAsset): string {
  if (asset.eligibility.kind !== 'eligible') return asset.eligibility.reason;
  if (asset.proxy !== undefined) return 'the master changed since its proxy was made';
  return asset.pending === undefined ? 'no proxy yet' : `no proxy yet (${asset.pending})`;
}

/**
 * `missing=deny` holds for what will have a proxy or may get one. What can never have
 * one (audio, stills) would otherwise be unusable for good, so it is served as it is.
 */
function withoutProxy(asset: ServableAsset, policy: ViewPolicy): ViewEntry {
  const why = whyNoProxy(asset);
  if (policy.missing === 'deny' && asset.eligibility.kind !== 'ineligible') {
    return entry(asset, 'proxy', { kind: 'deny' }, `denied: ${why}, and masters are not to be read here`);
  }
  return entry(asset, 'proxy', { kind: 'master' }, `master: ${why}`);
}

function entry(asset: ServableAsset, mode: Mode, swap: Swap, reason: string, profile = ''): ViewEntry {
  return { id: asset.id, asset: asset.identity, mode, swap, reason, profile };
}

function describeOrigin(because: ModeDecision['because'], path: VirtualPath, asset: ServableAsset): string {
  const link = asset.paths.length > 1 ? ` (through its name '${path}')` : '';
  if (because.kind === 'pin') return 'the mount is pinned';
  if (because.kind === 'override') return `set on '${because.path}'${link}`;
  return 'mode of the project';
}

export function sameGuard(a: MasterGuard, b: MasterGuard): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs;
}
