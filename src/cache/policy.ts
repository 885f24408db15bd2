/**
 * Which proxies go first: a pure function of what is known of them.
 *
 * A proxy ranks by its last use, plus one day for each day on which it was opened, at most
 * 30: what is opened often is kept longest. Never chosen is what is pinned, open, used by
 * another project, or used too lately.
 */

import type { CachedObject } from '../catalog/cache-book.js';

export const DAY_MS = 86_400_000;
const MOST_DAYS = 30;

/** Why a proxy may not go, strongest first. */
export type Kept = 'pinned' | 'open' | 'shared' | 'recent';

export interface Candidate extends CachedObject {
  readonly kept: Exclude<Kept, 'recent'> | undefined;
}

export interface Wish {
  /** How many bytes have to go for the purpose to be served at all; and how many are gladly taken. */
  readonly needed: number;
  readonly wanted: number;
  /** Only what was last used before this time. */
  readonly usedBefore: number;
}

export interface Choice {
  /** In the order in which they go. Empty when `needed` cannot be had. */
  readonly victims: readonly Candidate[];
  readonly freed: number;
  /** Bytes that stay, by reason. */
  readonly kept: Readonly<Record<Kept, number>>;
}

export function rankOf({ lastAt, days }: Pick<CachedObject, 'lastAt' | 'days'>): number {
  return lastAt + Math.min(days, MOST_DAYS) * DAY_MS;
}

export function chooseVictims(candidates: readonly Candidate[], { needed, wanted, usedBefore }: Wish): Choice {
  const kept = { pinned: 0, open: 0, shared: 0, recent: 0 };
  const free: Candidate[] = [];
  for (const candidate of candidates) {
    const why = candidate.kept ?? (candidate.lastAt > usedBefore ? 'recent' : undefined);
    if (why === undefined) free.push(candidate);
    else kept[why] += candidate.size;
  }
  const victims: Candidate[] = [];
  let freed = 0;
  for (const candidate of free.sort((a, b) => rankOf(a) - rankOf(b))) {
    if (freed >= Math.max(needed, wanted)) break;
    victims.push(candidate);
    freed += candidate.size;
  }
  return freed >= needed ? { victims, freed, kept } : { victims: [], freed: 0, kept };
}
