/**
 * What happens while a job runs, as plain JSON: for progress, for logs, and for a journal
 * from which somebody can tell after a crash which clips were finished.
 *
 * Listeners are called synchronously. `clip-publishing` comes when the output has been
 * validated and is durable under its hidden name, before it gets its final one;
 * `clip-finished` when the clip is settled, of a completed one when its final name is
 * durable. So after a crash a clip with `clip-finished` has that outcome; one with
 * `clip-publishing` alone is finished when a file of that size and hash has the final name.
 */

import type { ClipResult, JobResult } from './result.js';

export type JobEvent =
  | { readonly event: 'job-started'; readonly job_id: string; readonly clips: number; readonly frames: number }
  | { readonly event: 'clip-started'; readonly index: number; readonly source: string; readonly output: string }
  | {
      readonly event: 'clip-progress';
      readonly index: number;
      readonly frame: number;
      /** null while unknown. */
      readonly frames: number | null;
      readonly fps: number;
      readonly speed: number;
    }
  | {
      readonly event: 'clip-publishing';
      readonly index: number;
      readonly output: string;
      readonly size: number;
      readonly blake3: string;
    }
  | { readonly event: 'clip-finished'; readonly index: number; readonly clip: ClipResult }
  | { readonly event: 'job-finished'; readonly job_id: string; readonly status: JobResult['status'] };

export type JobListener = (event: JobEvent) => void;
