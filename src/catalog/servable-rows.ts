/**
 * All named assets as the view wants them, read in four passes that are each ordered by
 * asset and merged while they run: no query per asset, no media facts, and no whole list.
 */

import type { AssetId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { Database } from '../store/database.js';
import type { Eligibility } from '../view/servable.js';
import { eligibilityOf, identityOf, sameGuard } from './asset-rows.js';
import type { CatalogServable, VariantRow } from './catalog.js';

/** Read while it is consumed: the consumer neither awaits nor writes to the catalog before the end. */
export function* readServable(db: Database, after: AssetId = 0 as AssetId): Generator<CatalogServable, void> {
  const names = groupsOf(db.statement<NameColumns>(NAMES, { raw: true }).iterate(after));
  const variants = groupsOf(db.statement<VariantColumns>(VARIANTS, { bigint: true, raw: true }).iterate(after));
  const failures = groupsOf(db.statement<FailureColumns>(FAILURES, { raw: true }).iterate(after));
  try {
    for (const row of db.statement<AssetColumns>(ASSETS, { bigint: true, raw: true }).iterate(after)) {
      const id = Number(row[0]) as AssetId;
      const named = names.of(id);
      if (named.length > 0) yield toServable(id, row, named, variants.of(id), failures.of(id));
    }
  } finally {
    for (const groups of [names, variants, failures]) groups.close();
  }
}

const ASSETS = `SELECT id, dev, ino, size, mtime_ns, eligibility, eligibility_code, eligibility_reason
  FROM asset WHERE id > ? ORDER BY id`;
type AssetColumns = [bigint, bigint | null, bigint | null, bigint, bigint, string, string | null, string | null];

const NAMES = 'SELECT asset, path FROM name WHERE asset > ? ORDER BY asset, path';
type NameColumns = [number, VirtualPath];

const VARIANTS = `SELECT asset, profile, pool_key, extension, size, guard_size, guard_mtime_ns
  FROM variant WHERE asset > ? ORDER BY asset, profile`;
type VariantColumns = [bigint, string, PoolKey, string, bigint, bigint, bigint];

const FAILURES = 'SELECT asset, profile, reason FROM failure WHERE asset > ? ORDER BY asset, profile';
type FailureColumns = [number, string, string];

const NONE: readonly never[] = [];
const ELIGIBLE: Eligibility = { kind: 'eligible' };

function toServable(
  id: AssetId,
  [, dev, ino, size, mtimeNs, kind, code, reason]: AssetColumns,
  names: readonly NameColumns[],
  variants: readonly VariantColumns[],
  failures: readonly FailureColumns[],
): CatalogServable {
  const master = { size, mtimeNs };
  return {
    id,
    identity: identityOf(dev, ino),
    paths: names.map(([, path]) => path),
    master,
    eligibility: kind === 'eligible' ? ELIGIBLE : eligibilityOf(kind, code, reason),
    variants: variants.length === 0 ? NONE : variants.map((row) => toVariant(id, row, master)),
    failures: failures.length === 0 ? NONE : failures.map(([, profile, why]) => ({ profile, reason: why })),
  };
}

/** Nearly every proxy was made from the master as it is now: one guard serves both. */
function toVariant(
  asset: AssetId,
  [, profile, poolKey, extension, size, guardSize, guardMtimeNs]: VariantColumns,
  master: MasterGuard,
): VariantRow {
  const guard = { size: guardSize, mtimeNs: guardMtimeNs };
  return { asset, profile, poolKey, extension, size: Number(size), guard: sameGuard(guard, master) ? master : guard };
}

interface Groups<T> {
  /** The rows of a key; keys are asked for in ascending order. */
  of(key: number): readonly T[];
  close(): void;
}

/** Groups rows of ascending keys while they are read; one row is held beside the group. */
function groupsOf<T extends readonly [number | bigint, ...unknown[]]>(rows: IterableIterator<T>): Groups<T> {
  let next = rows.next();
  return {
    of(key) {
      while (!next.done && next.value[0] < key) next = rows.next();
      if (next.done || Number(next.value[0]) !== key) return NONE;
      const group: T[] = [];
      for (; !next.done && Number(next.value[0]) === key; next = rows.next()) group.push(next.value);
      return group;
    },
    close: () => void rows.return?.(),
  };
}
