/** Results of the services in the form in which they travel. */

import type { FlipReport, HandleInfo, Result } from '../../src/control/schema.js';
import type { FlipOutcome } from '../../src/flip/flip.js';
import type { OpenHandle } from '../../src/mount/driver.js';
import type { ModeState } from '../../src/view/mode.js';

export function toFlipReport(outcome: FlipOutcome): FlipReport {
  const { hooks, stayedMaster, handles, state, ...figures } = outcome;
  return {
    ...figures,
    state: toModeState(state),
    stayedMaster: [...stayedMaster],
    hooks: [...hooks],
    handles: handles.map(toHandleInfo),
  };
}

export function toModeState({ base, pinned, overrides, profiles }: ModeState): Result<'mode.get'>['state'] {
  return {
    base,
    pinned: pinned ?? null,
    overrides: [...overrides].map(([path, mode]) => ({ path, mode })),
    profiles: [...(profiles ?? [])].map(([path, profile]) => ({ path, profile })),
  };
}

export function toHandleInfo({ path, variant, outdated, writable, pid, process, since }: OpenHandle): HandleInfo {
  return { path, variant: variant === 'replacement' ? 'proxy' : 'master', outdated, writable, pid, process, since };
}
