/** The mode of a project in words. */

import type { Result } from '../../src/control/schema.js';
import { escapeName } from './escape.js';
import { counted } from './quantities.js';
import { formatTable, indent } from './table.js';

type ModeState = Result<'mode.get'>['state'];

/** `proxy mode`, `master mode, pinned by the mount`, `proxy mode with 2 overrides`. */
export function describeMode(state: ModeState): string {
  if (state.pinned !== null) return `${state.pinned} mode, pinned by the mount`;
  const overrides = state.overrides.length === 0 ? '' : ` with ${counted(state.overrides.length, 'override')}`;
  return `${state.base} mode${overrides}`;
}

export function formatMode(state: ModeState): string {
  return [formatOverrides(state), ...formatProfiles(state)].join('\n');
}

/** Only what somebody has chosen. */
function formatProfiles({ profiles }: ModeState): string[] {
  const rows = profiles.map(({ path, profile }) => [profile, escapeName(path === '' ? '.' : path)]);
  return rows.length === 0 ? [] : ['Profiles', indent(formatTable([{}, {}], rows))];
}

function formatOverrides(state: ModeState): string {
  if (state.overrides.length === 0) return describeMode(state);
  const rows = state.overrides.map(({ path, mode }) => [mode, escapeName(path === '' ? '.' : path)]);
  const unused = state.pinned === null ? '' : ' (not in effect while pinned)';
  return `${describeMode(state)}${unused}\n${indent(formatTable([{}, {}], rows))}`;
}
