/**
 * All named assets as the view wants them, read in pages of four queries that are each ordered by
 * asset and merged: no query per asset, no media facts, and no whole list.
 */

import type { AssetId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { Database } from '../store/database.js';
import type { Eligibility } from '../view/servable.js';
import { eligibilityOf, identityOf, sameGuard } from './asset-rows.js';
import type { CatalogServable, VariantRow } from './catalog.js';

/** Each asset as it was when its page was read. */
export function* readServable(db: Database, after: AssetId = 0 as AssetId): Generator<CatalogServable, void> {
  for (let assets = assetsAfter(db, after); assets.length > 0; assets = assetsAfter(db, after)) {
    const last = Number(assets.at(-1)?.[0]) as AssetId;
    const names = groupsOf(db.statement<NameColumns>(NAMES, { raw: true }).all(after, last));
    const variants = groupsOf(db.statement<VariantColumns>(VARIANTS, { bigint: true, raw: true }).all(after, last));
    const failures = groupsOf(db.statement<FailureColumns>(FAILURES, { raw: true }).all(after, last));
    for (const row of assets) {
      const id = Number(row[0]) as AssetId;
      const named = names(id);
      if (named.length > 0) yield toServable(id, row, named, variants(id), failures(id));
    }
    after = last;
  }
}

function assetsAfter(db: Database, after: AssetId): readonly AssetColumns[] {
  return db.statement<AssetColumns>(ASSETS, { bigint: true, raw: true }).all(after);
}

/** As many as `servablePages` hands out at a time: read within a millisecond. */
const PAGE = 250;

const ASSETS = `SELECT id, dev, ino, size, mtime_ns, eligibility, eligibility_code, eligibility_reason
  FROM asset WHERE id > ? ORDER BY id LIMIT ${PAGE}`;
type AssetColumns = [bigint, bigint | null, bigint | null, bigint, bigint, string, string | null, string | null];

const NAMES = 'SELECT asset, path FROM name WHERE asset > ? AND asset <= ? ORDER BY asset, path';
type NameColumns = [number, VirtualPath];

const VARIANTS = `SELECT asset, profile, pool_key, extension, size, guard_size, guard_mtime_ns
  FROM variant WHERE asset > ? AND asset <= ? ORDER BY asset, profile`;
type VariantColumns = [bigint, string, PoolKey, string, bigint, bigint, bigint];

const FAILURES = `SELECT asset, profile, reason FROM failure WHERE asset > ? AND asset <= ? ORDER BY asset, profile`;
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

/** The rows of each key, of rows in ascending order; keys are asked for in that order too. */
function groupsOf<T extends readonly [number | bigint, ...unknown[]]>(
  rows: readonly T[],
): (key: number) => readonly T[] {
  let at = 0;
  return (key) => {
    while (at < rows.length && keyAt(rows, at) < key) at += 1;
    const first = at;
    while (at < rows.length && keyAt(rows, at) === key) at += 1;
    return first === at ? NONE : rows.slice(first, at);
  };
}

const keyAt = (rows: readonly (readonly [number | bigint, ...unknown[]])[], at: number): number =>
  Number(rows[at]?.[0]);
