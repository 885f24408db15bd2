/** What a production is given. */

import type { AssetId, FileIdentity } from '../src/base/ids.js';
import type { RealPath } from '../src/base/paths.js';
import type { AssetRow } from '../src/catalog/asset.js';
import type { Settings } from '../src/config/settings.js';
import type { Job } from '../src/jobs/queue.js';
import type { Logger } from '../src/log/logger.js';
import type { PlaybackWatch } from '../src/politeness/playback.js';
import type { ProfileOf } from '../src/view/profile-choice.js';
import type { ProjectFiles } from './project-files.js';

export interface ProductionOptions {
  readonly files: ProjectFiles;
  readonly source: RealPath;
  /** What is made where nobody has chosen. */
  readonly profile: string;
  readonly profileOf: ProfileOf;
  readonly settings: Settings;
  /** Whether proxies are made that nobody asked for. */
  readonly makesBacklog: boolean;
  /** False while the profile waits for the first editor that opens a clip. */
  readonly isProfileKnown: () => boolean;
  readonly log: Logger;
  /** Asked before each job: why it may not start now. */
  readonly whyNot: (job: Job) => Promise<string | undefined>;
  /** Asked of a job whose turn has come: why its proxy cannot be made here. */
  readonly refuse: (job: Job) => Promise<string | undefined>;
  /** False for what is made only when somebody asks for it. */
  readonly isMissed: (asset: AssetRow, profile: string) => boolean;
  /** Who plays from the mount. */
  readonly playback: PlaybackWatch;
  /** Whether somebody writes to the file through the mount. */
  readonly isBeingWritten: (file: FileIdentity) => boolean;
  /** Something is mounted below the source: nothing may hold it that need not. */
  /** Makes the mount show what lies at the source's path now. */
  readonly reopenSource: () => void;
  readonly onNested: () => void;
  /** What is known of these assets has changed: the view has to look again. */
  readonly onTouched: (ids: readonly AssetId[]) => void;
}
