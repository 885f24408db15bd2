/**
 * The changes that lead from the committed view to the desired one. Pure.
 *
 * Removals come first, so that an identity that passed from one asset to another is
 * never taken out after it was set.
 */

import type { FileIdentity } from '../base/ids.js';
import type { Swap, SwapChange } from '../mount/driver.js';
import { sameGuard, type View, type ViewEntry, type ViewKey } from './resolve.js';

/** A change of the table, with the entries it leads between: enough to undo it. */
export interface ViewChange {
  readonly key: ViewKey;
  readonly from: ViewEntry | undefined;
  readonly to: ViewEntry | undefined;
}

/** All of it: what is not desired any more is taken out. */
export function diffView(committed: View, desired: View): ViewChange[] {
  const changes: ViewChange[] = [];
  for (const [key, from] of committed) {
    if (!desired.has(key)) changes.push({ key, from, to: undefined });
  }
  return appendSettings(changes, committed, desired);
}

/** Some assets only: `desired` holds what is known of them, under `stale` they were known before. */
export function diffSome(committed: View, desired: View, stale: readonly ViewKey[]): ViewChange[] {
  const changes: ViewChange[] = [];
  for (const key of stale) {
    const from = committed.get(key);
    if (from !== undefined && !desired.has(key)) changes.push({ key, from, to: undefined });
  }
  return appendSettings(changes, committed, desired);
}

/** The changes that undo `changes`. */
export function invert(changes: readonly ViewChange[]): ViewChange[] {
  return changes
    .map(({ key, from, to }) => ({ key, from: to, to: from }))
    .sort((a, b) => Number(a.to !== undefined) - Number(b.to !== undefined));
}

/** The form in which a driver takes a change. */
export function toSwapChange({ from, to }: ViewChange, onlyIfIdle = false): SwapChange {
  if (to === undefined) return { asset: identityOf(from), swap: undefined, reason: '', profile: '' };
  const { asset, swap, reason, profile } = to;
  return onlyIfIdle ? { asset, swap, reason, profile, onlyIfIdle } : { asset, swap, reason, profile };
}

export function sameSwap(a: Swap, b: Swap): boolean {
  if (a.kind !== 'replace' || b.kind !== 'replace') return a.kind === b.kind;
  return a.replacement === b.replacement && a.mtimeNs === b.mtimeNs && sameGuard(a.guard, b.guard);
}

function appendSettings(changes: ViewChange[], committed: View, desired: View): ViewChange[] {
  for (const [key, to] of desired) {
    const from = committed.get(key);
    if (from === undefined || !sameEntry(from, to)) changes.push({ key, from, to });
  }
  return changes;
}

function sameEntry(a: ViewEntry, b: ViewEntry): boolean {
  return (
    a.id === b.id && a.mode === b.mode && a.reason === b.reason && a.profile === b.profile && sameSwap(a.swap, b.swap)
  );
}

function identityOf(entry: ViewEntry | undefined): FileIdentity {
  if (entry === undefined) throw new Error('invariant violated: a change from nothing to nothing');
  return entry.asset;
}
