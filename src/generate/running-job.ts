/** A job at work, as `status` shows it. Pure. */

import type { AssetId, JobId } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import type { Job } from '../jobs/queue.js';

export interface RunningJob {
  readonly job: JobId;
  readonly asset: AssetId;
  readonly profile: string;
  readonly path: VirtualPath;
  readonly frame: number;
  /** null while unknown. */
  readonly frames: number | null;
  /** Frames a second of encoding. */
  readonly fps: number;
  /** Times real time. */
  readonly speed: number;
  readonly etaSeconds: number | null;
}

export function startOf(job: Job, path: VirtualPath, frames: number | undefined): RunningJob {
  const unknown = { frame: 0, fps: 0, speed: 0, etaSeconds: null };
  return { job: job.id, asset: job.asset, profile: job.profile, path, frames: frames ?? null, ...unknown };
}

export function advance(row: RunningJob, { frame, fps, speed }: EncodeProgress): RunningJob {
  const left = row.frames === null ? undefined : Math.max(0, row.frames - frame);
  const etaSeconds = left === undefined || fps <= 0 ? null : left / fps;
  return { ...row, frame, fps, speed, etaSeconds };
}
