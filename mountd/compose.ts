/** Puts a daemon together: which part gets which. No decisions, no timing. */

import type { AssetId } from '../src/base/ids.js';
import type { RealPath } from '../src/base/paths.js';
import { ROOT } from '../src/base/paths.js';
import { projectIdOf } from '../src/config/locations.js';
import type { TracedSettings } from '../src/config/read-settings.js';
import type { Settings } from '../src/config/settings.js';
import type { DaemonOptions } from '../src/control/daemon-options.js';
import type { RuntimeRecord } from '../src/control/runtime-record.js';
import { Flipper } from '../src/flip/flip.js';
import { createModeStore, type ModeStore } from '../src/flip/mode-store.js';
import { Ready } from '../src/flip/ready.js';
import { Serving } from '../src/flip/serving.js';
import { createViewSource, type ViewSource } from '../src/flip/view-source.js';
import type { Logger } from '../src/log/logger.js';
import type { MountedVolume, MountOptions } from '../src/mount/driver.js';
import { mountNameOf } from '../src/mount/mount-table.js';
import { watchWriters } from '../src/mount/writers.js';
import { setOfEditor } from '../src/profiles/editors.js';
import type { ModeState } from '../src/view/mode.js';
import { type ProfileOf, profileChooser } from '../src/view/profile-choice.js';
import type { ViewPolicy } from '../src/view/resolve.js';
import { Cache } from './cache.js';
import type { Daemon } from './daemon.js';
import { pendingReason } from './pending.js';
import { watchPlayback } from './polite.js';
import type { Place } from './preflight.js';
import { Production } from './production.js';
import { HIDDEN_NAME, type ProjectFiles } from './project-files.js';

/** What decides the view, known before anything is mounted. */
export interface Decisions {
  readonly view: ViewSource;
  readonly modes: ModeStore;
  readonly policy: ViewPolicy;
  /** The profile of a path, by a state of the mode or by the one in force. */
  readonly profileIn: (state?: ModeState) => ProfileOf;
}

export function composeDecisions(files: ProjectFiles, options: DaemonOptions, settings: Settings): Decisions {
  const { cacheBook, catalog, pool, queue } = files;
  const { missing, mtime } = settings;
  const modes = createModeStore(catalog, options.pin ? options.mode : undefined);
  const chosen = chosenProfile(options);
  if (!options.pin && (options.mode !== undefined || chosen !== undefined)) {
    const mode = options.mode ?? modes.state.base;
    modes.save({ kind: 'base', mode, ...(chosen === undefined ? {} : { profile: chosen }) });
  }
  // A pinned mount serves what it was started with, whatever the project says.
  const pinned = options.pin ? chosen : undefined;
  const profileIn = (state: ModeState = modes.state): ProfileOf =>
    pinned === undefined ? profileChooser(state.profiles, settings.profile) : () => pinned;
  const view = createViewSource({ catalog, pool, profileIn, pendingOf: pendingReason(queue, cacheBook) });
  return { view, modes, policy: { missing, mtime }, profileIn };
}

/** By name, or by the editor; undefined leaves what the project has. */
function chosenProfile({ profile, nle }: DaemonOptions): string | undefined {
  if (profile !== undefined) return profile;
  return nle === undefined || nle === 'auto' ? undefined : setOfEditor(nle);
}

export function composeMountOptions(place: Place, options: DaemonOptions, settings: Settings): MountOptions {
  return {
    ...place,
    fsName: mountNameOf(projectIdOf(place.source, options.stateDir as RealPath | undefined)),
    hiddenRootNames: [HIDDEN_NAME],
    writes: settings.writes,
    allowOther: settings.allowOther,
    disable: { passthrough: !settings.passthrough, directMount: !options.directMount },
    cacheSeconds: settings.cacheSeconds,
  };
}

export interface Parts {
  readonly options: DaemonOptions;
  readonly settings: Settings;
  readonly traced: TracedSettings;
  readonly place: Place;
  readonly files: ProjectFiles;
  readonly decisions: Decisions;
  readonly volume: MountedVolume;
  readonly record: RuntimeRecord;
  readonly log: Logger;
  readonly unmount: Daemon['unmount'];
}

export function composeDaemon(parts: Parts): Daemon {
  const { decisions, files, log, options, place, settings, volume } = parts;
  const { view, modes, policy, profileIn } = decisions;
  const serving = new Serving(volume);
  const sourceDir = place.source;
  const onGone = (ids: readonly AssetId[]) => void cache.suspect(ids);
  const flipper = new Flipper({ serving, source: view, modes, policy, sourceDir, hooks: settings.hooks, onGone, log });
  const ready = new Ready({ flipper, serving, source: view, modes, policy, ready: settings.ready, log });
  const cache = new Cache({
    ...{ files, settings, log, flipper, serving, source: view, modes, policy, ready },
    sourceDir: place.source,
    onWithdrawn: (ids) => production.makeAgain(ids),
  });
  const learnsEditor = options.nle === 'auto';
  const production = new Production({
    files,
    source: place.source,
    profile: settings.profile,
    profileOf: (paths) => profileIn()(paths),
    settings,
    playback: watchPlayback(volume),
    makesBacklog: settings.workers > 0 && !(options.pin && options.mode === 'master'),
    // `auto` learns the editor once, and the project keeps what it learned.
    isProfileKnown: () => !learnsEditor || modes.state.profiles?.has(ROOT) === true,
    log,
    whyNot: (job) => cache.roomFor(job),
    refuse: (job) => cache.tooLarge(job),
    isMissed: (asset, profile) => cache.isMissed(asset, profile),
    onTouched: (ids) => ready.touch(ids),
    isBeingWritten: watchWriters(volume),
    onNested: () => volume.releasePaths(),
    reopenSource: () => volume.reopenSource(),
  });
  const { settleMs, workers } = settings;
  const { record, traced, unmount } = parts;
  const profileOf: ProfileOf = (paths) => profileIn()(paths);
  return {
    ...{ record, place, traced, profileOf, learnsEditor, workers, settleMs, log, files, view, modes, policy },
    ...{ volume, serving, flipper, ready, production, cache, unmount },
  };
}
