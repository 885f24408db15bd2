/** Why a path serves what it serves: the whole chain of decisions, one sentence each. Pure. */

import type { VirtualPath } from '../base/paths.js';
import type { ModeDecision, ModeState } from './mode.js';
import { decideAssetMode, sameGuard, usableProxy, type ViewPolicy, whyNoProxy } from './resolve.js';
import type { ServableAsset } from './servable.js';

export interface Explanation {
  /** In the order in which the decisions were made. */
  readonly because: readonly string[];
  /** What to do for a proxy to be served, when something can be done. */
  readonly wayOut: string | undefined;
}

export function explain(asset: ServableAsset, path: VirtualPath, modes: ModeState, policy: ViewPolicy): Explanation {
  const decided = decideAssetMode(asset, modes);
  const because = [explainMode(decided.because, decided.mode)];
  if (decided.path !== path) {
    because.push(`The same file is also '${decided.path}' (a hard link), and all its names serve the same content.`);
  }
  because.push(explainEligibility(asset), explainProxy(asset));
  if (decided.mode === 'proxy' && usableProxy(asset) === undefined) because.push(explainMissing(asset, policy));
  return { because, wayOut: wayOutOf(asset, decided.mode, modes) };
}

function explainMode(because: ModeDecision['because'], mode: string): string {
  if (because.kind === 'pin') return `The mount is pinned to ${mode} mode.`;
  if (because.kind === 'override') return `The mode of '${because.path || '/'}' is set to ${mode}.`;
  return `The project's mode is ${mode}.`;
}

function explainEligibility(asset: ServableAsset): string {
  const { eligibility } = asset;
  if (eligibility.kind === 'eligible') return 'The file can have a proxy.';
  if (eligibility.kind === 'unknown')
    return `Whether the file can have a proxy is not known yet: ${eligibility.reason}.`;
  return `The file cannot have a proxy: ${eligibility.reason}.`;
}

function explainProxy(asset: ServableAsset): string {
  const { proxy } = asset;
  if (proxy === undefined) return `There is no proxy${asset.pending === undefined ? '' : `: ${asset.pending}`}.`;
  if (sameGuard(proxy.guard, asset.master)) return `A proxy (${proxy.profile}) is published and fits the master.`;
  return 'The master changed since its proxy was made, so the proxy is not used.';
}

function explainMissing(asset: ServableAsset, policy: ViewPolicy): string {
  if (policy.missing === 'deny' && asset.eligibility.kind !== 'ineligible') {
    return 'Reading it is denied, because this mount must not read masters (missing=deny).';
  }
  return `The master is served: ${whyNoProxy(asset)}.`;
}

function wayOutOf(asset: ServableAsset, mode: string, modes: ModeState): string | undefined {
  if (asset.eligibility.kind === 'ineligible') return undefined;
  if (usableProxy(asset) === undefined) return `make its proxy with: proxyfs prewarm ${quote(asset.paths[0] ?? '')}`;
  if (mode === 'proxy' || modes.pinned !== undefined) return undefined;
  return 'serve proxies with: proxyfs mode proxy';
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
