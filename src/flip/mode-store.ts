/** The mode as it is in force: the catalog's, and the pin of this mount, which is not kept. */

import { ROOT } from '../base/paths.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Mode, ModeState } from '../view/mode.js';
import type { ModeChange } from '../view/mode-change.js';

export interface ModeStore {
  readonly state: ModeState;
  /** Makes a change that has been carried out last. */
  save(change: ModeChange): void;
}

export function createModeStore(catalog: Catalog, pinned: Mode | undefined): ModeStore {
  const read = (): ModeState => ({ ...catalog.mode(), profiles: catalog.profiles(), pinned });
  let state = read();
  return {
    get state() {
      return state;
    },
    save(change) {
      if (change.kind === 'clear') {
        catalog.clearOverrides(change.paths);
        catalog.clearProfiles(change.paths.filter((path) => path !== ROOT));
      } else {
        const paths = change.kind === 'base' ? [ROOT] : change.paths;
        if (change.profile !== undefined) catalog.chooseProfile(paths, change.profile);
        if (change.kind === 'base') catalog.setMode(change.mode);
        else catalog.setOverrides(change.paths, change.mode);
      }
      state = read();
    },
  };
}
