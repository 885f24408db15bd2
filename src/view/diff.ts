/**
 * The changes that lead from the committed view to the desired one. Pure.
 *
 * Removals come first, so that an identity that passed from one asset to another is
 * never taken out after it was set.
 */

import type { Swap, SwapChange } from '../mount/driver.js';
import { sameGuard } from './resolve.js';
import { identityOf, type View, type ViewEntry, type ViewKey } from './view.js';
import type { ViewTable } from './view-table.js';

/** A change of the table, with the entries it leads between: enough to undo it. */
export interface ViewChange {
  readonly key: ViewKey;
  readonly from: ViewEntry | undefined;
  readonly to: ViewEntry | undefined;
}

/**
 * All of it: what is not desired any more is taken out. The entries of a change are read from the
 * views when they are asked for, so both views have to stay as they are for as long as it is in use.
 */
export function diffView(committed: ViewTable, desired: ViewTable): ViewChange[] {
  const changes: ViewChange[] = [];
  for (const key of committed.keys()) {
    if (!desired.has(key)) changes.push(new Difference(key, committed, desired));
  }
  for (const key of desired.keys()) {
    if (!committed.agreesWith(desired, key)) changes.push(new Difference(key, committed, desired));
  }
  return changes;
}

/**
 * Some assets only: `desired` holds what is known of them, under `stale` they were known before.
 * The changes are values of their own, and stay true when they have been applied to the view.
 */
export function diffSome(committed: ViewTable, desired: ViewTable, stale: readonly ViewKey[]): ViewChange[] {
  const keys = stale.filter((key) => committed.has(key) && !desired.has(key));
  for (const key of desired.keys()) if (!committed.agreesWith(desired, key)) keys.push(key);
  return keys.map((key) => ({ key, from: committed.get(key), to: desired.get(key) }));
}

/** A project's flip is 100,000 of these: they hold no entries. */
class Difference implements ViewChange {
  constructor(
    readonly key: ViewKey,
    private readonly committed: View,
    private readonly desired: View,
  ) {}

  get from(): ViewEntry | undefined {
    return this.committed.get(this.key);
  }

  get to(): ViewEntry | undefined {
    return this.desired.get(this.key);
  }
}

/** The changes that undo `changes`. */
export function invert(changes: readonly ViewChange[]): ViewChange[] {
  return changes
    .map(({ key, from, to }) => ({ key, from: to, to: from }))
    .sort((a, b) => Number(a.to !== undefined) - Number(b.to !== undefined));
}

/** The form in which a driver takes a change. */
export function toSwapChange({ key, to }: ViewChange, onlyIfIdle = false): SwapChange {
  if (to === undefined) return { asset: identityOf(key), swap: undefined, reason: '', profile: '' };
  const { asset, swap, reason, profile } = to;
  return onlyIfIdle ? { asset, swap, reason, profile, onlyIfIdle } : { asset, swap, reason, profile };
}

export function sameSwap(a: Swap, b: Swap): boolean {
  if (a.kind !== 'replace' || b.kind !== 'replace') return a.kind === b.kind;
  return a.replacement === b.replacement && a.mtimeNs === b.mtimeNs && sameGuard(a.guard, b.guard);
}
