/** What a watcher tells while it works, as plain JSON: one object a line with `--json-lines`. */

import type { JobEvent } from '../jobspec/events.js';
import type { EndFolder } from './layout.js';

export type WatchEvent =
  | { readonly event: 'watching'; readonly folder: string; readonly max_workers: number; readonly once: boolean }
  | { readonly event: 'taken'; readonly name: string; readonly spec: string }
  /** Of a job: its clips and their progress. */
  | ({ readonly name: string } & JobEvent)
  | {
      readonly event: 'ended';
      readonly name: string;
      readonly folder: EndFolder;
      readonly status: string;
      readonly reason: string | null;
      readonly result: string;
    }
  /** Left in `running` by a watcher that died. */
  | { readonly event: 'recovered'; readonly name: string; readonly action: RecoveryAction; readonly reason: string }
  | { readonly event: 'returned'; readonly name: string; readonly spec: string }
  /** Another watcher holds it now: this one had not been seen for too long. */
  | { readonly event: 'lost'; readonly name: string }
  | { readonly event: 'waiting'; readonly reason: string }
  | { readonly event: 'warning'; readonly reason: string }
  | { readonly event: 'stopping' }
  | ({ readonly event: 'stopped' } & WatchTotals);

/** `finished`: its result was there already. `nothing`: it had not taken anything yet. */
export type RecoveryAction = 'interrupted' | 'resumed' | 'finished' | 'nothing';

export interface WatchTotals {
  readonly completed: number;
  readonly failed: number;
  readonly returned: number;
  readonly recovered: number;
}

export type WatchListener = (event: WatchEvent) => void;
