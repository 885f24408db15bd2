/** What making proxies needs of the rest: one per daemon, shared by all workers. */

import type { Clock } from '../base/clock.js';
import type { RealPath } from '../base/paths.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { Job, JobQueue } from '../jobs/queue.js';
import type { Logger } from '../log/logger.js';
import type { Looks } from '../looks/look.js';
import type { Pool } from '../pool/pool.js';
import type { Borrow } from '../segments/work-off.js';

export interface Generation {
  readonly source: RealPath;
  readonly catalog: Catalog;
  readonly queue: JobQueue;
  readonly pool: Pool;
  /** That of the moment: a job takes it when it begins, and keeps it. */
  readonly toolchain: Toolchain;
  /** Looks whether FFmpeg is still the one it was, and returns that of now; asked before each job and at its end. */
  readonly renewToolchain?: (() => Promise<Toolchain>) | undefined;
  /** What profiles may ask for beside their names. */
  readonly looks?: Looks | undefined;
  /** The project's profile. */
  readonly profile: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** How long FFmpeg may make no progress; its own default when undefined. */
  readonly stallMs?: number | undefined;
  /** Whether a poster and a sheet of pictures are made with each proxy. */
  readonly makesPictures?: boolean | undefined;
  /** Masters of two segments and more are encoded in segments of this length; not when undefined or 0. */
  readonly segmentSeconds?: number | undefined;
  /** A worker more for a segment, while nothing else needs one. */
  readonly borrow?: Borrow | undefined;
  /** Bytes of the pool's disk that are not to be used. */
  readonly keepFree?: number | undefined;
  /** Why no proxy may be made of a clip, for a reason that is not the clip's; asked when its turn has come. */
  readonly refuse?: ((job: Job) => Promise<string | undefined>) | undefined;
  /** How many frames of a finished proxy are compared as pictures; none when undefined. */
  readonly pictureChecks?: number | undefined;
}
