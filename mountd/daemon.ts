/** A running daemon, as its methods see it. Put together in `compose.ts`. */

import type { TracedSettings } from '../src/config/read-settings.js';
import type { RuntimeRecord } from '../src/control/runtime-record.js';
import type { Flipper } from '../src/flip/flip.js';
import type { ModeStore } from '../src/flip/mode-store.js';
import type { Ready } from '../src/flip/ready.js';
import type { Serving } from '../src/flip/serving.js';
import type { ViewSource } from '../src/flip/view-source.js';
import type { Actor } from '../src/journal/event.js';
import type { Logger } from '../src/log/logger.js';
import type { MountedVolume, OpenHandle } from '../src/mount/driver.js';
import type { ProfileOf } from '../src/view/profile-choice.js';
import type { ViewPolicy } from '../src/view/resolve.js';
import type { Cache } from './cache.js';
import type { Place } from './preflight.js';
import type { Production } from './production.js';
import type { ProjectFiles } from './project-files.js';

export interface Daemon {
  readonly record: RuntimeRecord;
  readonly place: Place;
  /** What it runs with, and who said so. */
  readonly traced: TracedSettings;
  /** The profile that is made and served for a path; of the root, the project's. */
  readonly profileOf: ProfileOf;
  /** The set follows the first editor that opens a clip (`--nle auto`). */
  readonly learnsEditor: boolean;
  /** Encoders that may run at once; with 0 nobody makes what is queued. */
  readonly workers: number;
  readonly settleMs: number;
  readonly log: Logger;
  readonly files: ProjectFiles;
  readonly view: ViewSource;
  readonly modes: ModeStore;
  readonly policy: ViewPolicy;
  readonly volume: MountedVolume;
  readonly serving: Serving;
  readonly flipper: Flipper;
  readonly ready: Ready;
  readonly production: Production;
  readonly cache: Cache;
  /** Rejects with `mountpoint/busy`; afterwards the daemon ends. Resolves with what was still open. */
  unmount(force: boolean, by?: Actor): Promise<readonly OpenHandle[]>;
}
