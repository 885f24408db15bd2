/** Modes and what decides them, strongest first: the pin, the longest override, the default. */

import { isAtOrBelow, type VirtualPath } from '../base/paths.js';

export type Mode = 'proxy' | 'master';

export interface ModeState {
  /** Project default. */
  readonly base: Mode;
  readonly overrides: ReadonlyMap<VirtualPath, Mode>;
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
  if (state.pinned !== undefined) return { mode: state.pinned, because: { kind: 'pin' } };
  let best: VirtualPath | undefined;
  for (const prefix of state.overrides.keys()) {
    if (isAtOrBelow(path, prefix) && (best === undefined || prefix.length > best.length)) best = prefix;
  }
  const mode = best === undefined ? undefined : state.overrides.get(best);
  if (best === undefined || mode === undefined) return { mode: state.base, because: { kind: 'default' } };
  return { mode, because: { kind: 'override', path: best } };
}
