/** Changes of the mode, as the user asks for them. Pure. */

import { ProxyfsError } from '../base/error.js';
import { ROOT, type VirtualPath } from '../base/paths.js';
import type { Mode, ModeState } from './mode.js';

export type ModeChange =
  /** `profile`: the set that is served from now on; without it, the one that was. */
  | { readonly kind: 'base'; readonly mode: Mode; readonly profile?: string }
  | { readonly kind: 'set'; readonly mode: Mode; readonly paths: readonly VirtualPath[]; readonly profile?: string }
  /** Mode and profile of the paths are the project's again. */
  | { readonly kind: 'clear'; readonly paths: readonly VirtualPath[] };

/** The state after the change. Throws `mode/pinned`, or `request/invalid` when there is nothing to clear. */
export function changeMode(state: ModeState, change: ModeChange): ModeState {
  refuseWhenPinned(state);
  const profiles = new Map(state.profiles);
  if (change.kind === 'base') {
    if (change.profile !== undefined) profiles.set(ROOT, change.profile);
    return { ...state, base: change.mode, profiles };
  }
  const overrides = new Map(state.overrides);
  for (const path of change.paths) {
    if (change.kind === 'clear') {
      const hadProfile = path !== ROOT && profiles.delete(path);
      if (!overrides.delete(path) && !hadProfile) throw nothingToClear(path, state);
      continue;
    }
    overrides.set(path, change.mode);
    if (change.profile !== undefined) profiles.set(path, change.profile);
  }
  return { ...state, overrides, profiles };
}

function refuseWhenPinned({ pinned }: ModeState): void {
  if (pinned === undefined) return;
  throw new ProxyfsError(
    'mode/pinned',
    `the mount is pinned to ${pinned} mode: unmount it and mount it again without --pin to change modes`,
  );
}

function nothingToClear(path: VirtualPath, state: ModeState): ProxyfsError {
  const there = [...state.overrides.keys()].map((name) => `'${name}'`).join(', ') || 'none';
  return new ProxyfsError('request/invalid', `no mode is set on '${path}'; modes are set on: ${there}`);
}
