/**
 * The swap table of the portable driver.
 *
 * Entries are replaced, never edited, except for the two things the data plane finds out by
 * itself (the master changed; a write demoted it). So `entry === entry` means "nothing happened
 * in between". Only the main thread touches it; `plan` and `apply` run without a break between.
 */

import type { BigIntStats } from 'node:fs';
import { type FileIdentity, identityKey } from '../base/ids.js';
import type { Swap, SwapChange } from './driver.js';

export interface TableEntry {
  readonly asset: FileIdentity;
  readonly swap: Swap;
  readonly reason: string;
  readonly profile: string;
  readonly flippedAtMs: number;
  /** The guard did not fit when last looked at. */
  stale: boolean;
  /** A write made it drop to its master, for good. */
  demoted: boolean;
}

export type Choice = Extract<Swap, { kind: 'replace' }> | 'master' | 'deny';

export interface Plan {
  readonly rows: readonly SwapChange[];
  /** The rows that change which file is served. */
  readonly flips: readonly SwapChange[];
  readonly busy: readonly FileIdentity[];
}

export class SwapTable {
  readonly #entries = new Map<string, TableEntry>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): TableEntry | undefined {
    return this.#entries.get(key);
  }

  plan(changes: readonly SwapChange[], isOpen: (key: string) => boolean): Plan {
    const rows: SwapChange[] = [];
    const flips: SwapChange[] = [];
    const busy: FileIdentity[] = [];
    for (const change of changes) {
      const key = identityKey(change.asset);
      if (change.onlyIfIdle === true && isOpen(key)) {
        busy.push(change.asset);
        continue;
      }
      rows.push(change);
      if (servedKey(this.#entries.get(key)?.swap) !== servedKey(change.swap)) flips.push(change);
    }
    return { rows, flips, busy };
  }

  apply(plan: Plan, nowMs: number): void {
    const flipped = new Set(plan.flips);
    for (const change of plan.rows) {
      const key = identityKey(change.asset);
      if (change.swap === undefined) {
        this.#entries.delete(key);
        continue;
      }
      const flippedAtMs = flipped.has(change) ? nowMs : (this.#entries.get(key)?.flippedAtMs ?? 0);
      const { asset, swap, reason, profile } = change;
      this.#entries.set(key, { asset, swap, reason, profile, flippedAtMs, stale: false, demoted: false });
    }
  }
}

/** What `entry` says for a master that looks like this; `fits` is false when the guard does not. */
export function choose(entry: TableEntry | undefined, master: BigIntStats): { choice: Choice; fits: boolean } {
  if (entry === undefined || entry.swap.kind === 'master' || entry.demoted) return { choice: 'master', fits: true };
  if (entry.swap.kind === 'deny') return { choice: 'deny', fits: true };
  const { guard } = entry.swap;
  const fits = guard.size === master.size && guard.mtimeNs === master.mtimeNs;
  return { choice: fits ? entry.swap : 'master', fits };
}

function servedKey(swap: Swap | undefined): string {
  if (swap === undefined || swap.kind === 'master') return '';
  return swap.kind === 'deny' ? 'deny' : swap.replacement;
}
