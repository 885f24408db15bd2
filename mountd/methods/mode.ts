/** `mode.get`, `mode.set`, `mode.clear`. */

import { ROOT, toVirtualPath, type VirtualPath } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { FlipReport, Params, Result } from '../../src/control/schema.js';
import { waitForHandles } from '../../src/flip/handles.js';
import { findSet } from '../../src/profiles/profiles.js';
import { decideMode } from '../../src/view/mode.js';
import type { ModeChange } from '../../src/view/mode-change.js';
import type { Daemon } from '../daemon.js';
import { recordFlip } from '../record.js';
import { requireLook } from './looks.js';
import { existingPath, existingPaths } from './paths.js';
import { toFlipReport, toHandleInfo, toModeState } from './report.js';

export async function getMode(daemon: Daemon, { path }: Params<'mode.get'>): Promise<Result<'mode.get'>> {
  const { state } = daemon.modes;
  const effective = path === undefined ? null : decideMode(state, (await existingPath(daemon, path)).path).mode;
  return { state: toModeState(state), effective };
}

export async function setMode(daemon: Daemon, params: Params<'mode.set'>, context: CallContext): Promise<FlipReport> {
  const { mode, profile } = params;
  if (profile !== undefined) {
    findSet(profile);
    requireLook(daemon, profile);
  }
  const paths = await existingPaths(daemon, params.paths ?? []);
  const chosen = profile === undefined ? {} : { profile };
  // The root is the project: an override there would hide every later flip of the project.
  const isProject = paths.every((path) => path === ROOT);
  const change: ModeChange = isProject ? { kind: 'base', mode, ...chosen } : { kind: 'set', mode, paths, ...chosen };
  const report = await carryOut(daemon, change, params.wait === true, context);
  if (profile !== undefined) daemon.production.profileChosen();
  return report;
}

/** A path whose mode is cleared need not be there any more. */
export async function clearMode(
  daemon: Daemon,
  params: Params<'mode.clear'>,
  context: CallContext,
): Promise<FlipReport> {
  const paths: VirtualPath[] = params.paths.map(toVirtualPath);
  return await carryOut(daemon, { kind: 'clear', paths }, params.wait === true, context);
}

async function carryOut(
  daemon: Daemon,
  change: ModeChange,
  wait: boolean,
  { by, signal, progress }: CallContext,
): Promise<FlipReport> {
  const { flipper, volume } = daemon;
  const paths = change.kind === 'base' ? [] : change.paths;
  const report = await recordFlip(daemon, { request: describeChange(change), paths, by }, async () =>
    toFlipReport(await flipper.flip(change)),
  );
  if (!wait) return report;
  await waitForHandles(volume, {
    signal,
    onProgress: (handles) => progress({ kind: 'waiting-for-handles', handles: handles.map(toHandleInfo) }),
  });
  return { ...report, handles: [] };
}

function describeChange(change: ModeChange): string {
  if (change.kind === 'clear') return 'clear';
  return change.profile === undefined ? change.mode : `${change.mode} --profile ${change.profile}`;
}
