/** The mode as it is in force: the catalog's, and the pin of this mount, which is not kept. */

import type { Catalog } from '../catalog/catalog.js';
import type { Mode, ModeState } from '../view/mode.js';
import type { ModeChange } from '../view/mode-change.js';

export interface ModeStore {
  readonly state: ModeState;
  /** Makes a change that has been carried out last. */
  save(change: ModeChange): void;
}

export function createModeStore(catalog: Catalog, pinned: Mode | undefined): ModeStore {
  let state: ModeState = { ...catalog.mode(), pinned };
  return {
    get state() {
      return state;
    },
    save(change) {
      if (change.kind === 'base') catalog.setMode(change.mode);
      else if (change.kind === 'set') catalog.setOverrides(change.paths, change.mode);
      else catalog.clearOverrides(change.paths);
      state = { ...catalog.mode(), pinned };
    },
  };
}
