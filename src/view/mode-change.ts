/** Changes of the mode, as the user asks for them. Pure. */

import { ProxyfsError } from '../base/error.js';
import type { VirtualPath } from '../base/paths.js';
import type { Mode, ModeState } from './mode.js';

export type ModeChange =
  | { readonly kind: 'base'; readonly mode: Mode }
  | { readonly kind: 'set'; readonly mode: Mode; readonly paths: readonly VirtualPath[] }
  | { readonly kind: 'clear'; readonly paths: readonly VirtualPath[] };

/** The state after the change. Throws `mode/pinned`, or `request/invalid` when there is nothing to clear. */
export function changeMode(state: ModeState, change: ModeChange): ModeState {
  refuseWhenPinned(state);
  if (change.kind === 'base') return { ...state, base: change.mode };
  const overrides = new Map(state.overrides);
  for (const path of change.paths) {
    if (change.kind === 'set') overrides.set(path, change.mode);
    else if (!overrides.delete(path)) throw nothingToClear(path, state);
  }
  return { ...state, overrides };
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
