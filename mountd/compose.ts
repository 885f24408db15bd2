/** Puts a daemon together: which part gets which. No decisions, no timing. */

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
import type { ViewPolicy } from '../src/view/resolve.js';
import type { Daemon } from './daemon.js';
import { pendingReason } from './pending.js';
import type { Place } from './preflight.js';
import { Production } from './production.js';
import { HIDDEN_NAME, type ProjectFiles } from './project-files.js';

/** What decides the view, known before anything is mounted. */
export interface Decisions {
  readonly view: ViewSource;
  readonly modes: ModeStore;
  readonly policy: ViewPolicy;
}

export function composeDecisions(files: ProjectFiles, options: DaemonOptions, settings: Settings): Decisions {
  const { catalog, pool, queue } = files;
  const { profile, missing, mtime } = settings;
  const modes = createModeStore(catalog, options.pin ? options.mode : undefined);
  if (!options.pin && options.mode !== undefined) modes.save({ kind: 'base', mode: options.mode });
  const pendingOf = pendingReason(queue, profile);
  return { view: createViewSource({ catalog, pool, profile, pendingOf }), modes, policy: { missing, mtime } };
}

export function composeMountOptions(place: Place, options: DaemonOptions, settings: Settings): MountOptions {
  return {
    ...place,
    fsName: 'proxyfs',
    hiddenRootNames: [HIDDEN_NAME],
    writes: settings.writes,
    allowOther: options.allowOther,
    disable: { passthrough: !options.passthrough, directMount: !options.directMount },
    cacheSeconds: settings.cacheSeconds,
  };
}

export interface Parts {
  readonly options: DaemonOptions;
  readonly settings: Settings;
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
  const { view, modes, policy } = decisions;
  const serving = new Serving(volume);
  const sourceDir = place.source;
  const flipper = new Flipper({ serving, source: view, modes, policy, sourceDir, hooks: settings.hooks, log });
  const ready = new Ready({ flipper, serving, source: view, modes, policy, ready: settings.ready, log });
  const production = new Production({
    files,
    source: place.source,
    profile: settings.profile,
    settings,
    makesBacklog: settings.workers > 0 && !(options.pin && options.mode === 'master'),
    log,
    onTouched: (ids) => ready.touch(ids),
  });
  const { profile, settleMs, workers } = settings;
  const { record, unmount } = parts;
  return {
    ...{ record, place, profile, workers, settleMs, log, files, view, modes, policy },
    ...{ volume, serving, flipper, ready, production, unmount },
  };
}
