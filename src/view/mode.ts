/** Modes and what decides them, strongest first: the pin, the longest override, the default. */

import { ROOT, type VirtualPath } from '../base/paths.js';

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
  if (state.overrides.size === 0) return { mode: state.base, because: { kind: 'default' } };
  // Upwards from the path itself: the first override met is the longest, whatever their number.
  for (let prefix = path; ; prefix = parentOf(prefix)) {
    const mode = state.overrides.get(prefix);
    if (mode !== undefined) return { mode, because: { kind: 'override', path: prefix } };
    if (prefix === ROOT) return { mode: state.base, because: { kind: 'default' } };
  }
}

function parentOf(path: VirtualPath): VirtualPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) as VirtualPath;
}
