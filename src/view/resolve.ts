/**
 * What every path is to be served from: a pure function of assets, modes and policy.
 *
 * One entry per file identity. An asset with hard links has several names but one
 * content: when any of its names is in master mode, all of them serve the master,
 * since a proxy behind a path in master mode would be the greater mistake.
 */

import { ROOT, type VirtualPath } from '../base/paths.js';
import type { MasterGuard, Swap } from '../mount/driver.js';
import { type Mode, type ModeDecision, type ModeState, modeDecider } from './mode.js';
import type { PublishedProxy, ServableAsset } from './servable.js';
import { type ViewEntry, viewKey } from './view.js';
import { ViewTable } from './view-table.js';

export interface ViewPolicy {
  /** What proxy mode serves where there is no usable proxy: the master, or EIO. */
  readonly missing: 'master' | 'deny';
  /** The mtime shown for a proxy: its own, or the master's. */
  readonly mtime: 'distinct' | 'preserve';
}

export function resolveView(assets: Iterable<ServableAsset>, modes: ModeState, policy: ViewPolicy): ViewTable {
  const decide = modeDecider(modes);
  const reasons = new Reasons();
  const view = new ViewTable();
  for (const asset of assets) {
    const key = viewKey(asset.identity);
    if (!view.has(key)) view.set(key, resolveOne(asset, decide, policy, reasons));
  }
  return view;
}

function resolveOne(asset: ServableAsset, decide: Decide, policy: ViewPolicy, reasons: Reasons): ViewEntry {
  const { decision, path } = decideNames(asset, decide);
  const reason = asset.paths.length > 1 ? describe(decision, path) : reasons.of(decision);
  if (decision.mode === 'master') return entry(asset, 'master', MASTER, reason);
  const proxy = usableProxy(asset);
  if (proxy === undefined) return withoutProxy(asset, policy);
  const mtimeNs = policy.mtime === 'preserve' ? proxy.guard.mtimeNs : proxy.mtimeNs;
  const swap: Swap = { kind: 'replace', replacement: proxy.file, mtimeNs, guard: proxy.guard };
  return entry(asset, 'proxy', swap, reason, proxy.profile);
}

export interface AssetMode extends ModeDecision {
  /** The name that decided. */
  readonly path: VirtualPath;
}

/** The mode of an asset over all its names; master wins. */
export function decideAssetMode(asset: ServableAsset, modes: ModeState): AssetMode {
  const { decision, path } = decideNames(asset, modeDecider(modes));
  return { ...decision, path };
}

type Decide = (path: VirtualPath) => ModeDecision;

function decideNames({ paths }: ServableAsset, decide: Decide): { decision: ModeDecision; path: VirtualPath } {
  const path = paths[0] ?? ROOT;
  const decision = decide(path);
  for (let index = 1; decision.mode === 'proxy' && index < paths.length; index += 1) {
    const other = paths[index] ?? ROOT;
    const deciding = decide(other);
    if (deciding.mode === 'master') return { decision: deciding, path: other };
  }
  return { decision, path };
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
  return entry(asset, 'proxy', MASTER, `master: ${why}`);
}

function entry(asset: ServableAsset, mode: Mode, swap: Swap, reason: string, profile = ''): ViewEntry {
  return { id: asset.id, asset: asset.identity, mode, swap, reason, profile };
}

const MASTER: Swap = { kind: 'master' };

/** One text for all entries that have the same decision: a project has 100,000 entries and a few decisions. */
class Reasons {
  readonly #texts = new Map<ModeDecision, string>();

  of(decision: ModeDecision): string {
    const known = this.#texts.get(decision);
    if (known !== undefined) return known;
    const text = describe(decision, undefined);
    this.#texts.set(decision, text);
    return text;
  }
}

function describe({ mode, because }: ModeDecision, name: VirtualPath | undefined): string {
  if (because.kind === 'pin') return `${mode}: the mount is pinned`;
  if (because.kind === 'default') return `${mode}: mode of the project`;
  return `${mode}: set on '${because.path}'${name === undefined ? '' : ` (through its name '${name}')`}`;
}

export function sameGuard(a: MasterGuard, b: MasterGuard): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs;
}
