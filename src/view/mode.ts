/** Modes and what decides them, strongest first: the pin, the longest override, the default. */

import { parentOf, ROOT, type VirtualPath } from '../base/paths.js';
import type { ProfileChoices } from './profile-choice.js';

export type Mode = 'proxy' | 'master';

export interface ModeState {
  /** Project default. */
  readonly base: Mode;
  readonly overrides: ReadonlyMap<VirtualPath, Mode>;
  /** Which profile's proxies proxy mode serves, where somebody has said so. */
  readonly profiles?: ProfileChoices;
  /** Set when the mount was made with --pin: nothing else counts. */
  readonly pinned: Mode | undefined;
}

export interface ModeDecision {
  readonly mode: Mode;
  /** What decided: for `why` and the virtual xattr. */
  readonly because:
    | { readonly kind: 'pin' }
    | { readonly kind: 'override'; readonly path: VirtualPath }
    | { readonly kind: 'default' };
}

export function decideMode(state: ModeState, path: VirtualPath): ModeDecision {
  return modeDecider(state)(path);
}

/** For many paths: equal decisions are the same object. */
export function modeDecider({ base, overrides, pinned }: ModeState): (path: VirtualPath) => ModeDecision {
  const fallback: ModeDecision =
    pinned === undefined ? { mode: base, because: { kind: 'default' } } : { mode: pinned, because: { kind: 'pin' } };
  if (pinned !== undefined || overrides.size === 0) return () => fallback;
  const decisions = new Map<VirtualPath, ModeDecision>();
  for (const [path, mode] of overrides) decisions.set(path, { mode, because: { kind: 'override', path } });
  return (path) => {
    // Upwards from the path itself: the first override met is the longest, whatever their number.
    for (let prefix = path; prefix !== ROOT; prefix = parentOf(prefix)) {
      const decision = decisions.get(prefix);
      if (decision !== undefined) return decision;
    }
    return decisions.get(ROOT) ?? fallback;
  };
}
