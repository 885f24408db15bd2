/**
 * All named assets as the view wants them, read in four passes that are each ordered by
 * asset and merged while they run: no query per asset, and no media facts.
 */

import type { AssetId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { Database } from '../store/database.js';
import type { Eligibility } from '../view/servable.js';
import { eligibilityOf, identityOf, sameGuard } from './asset-rows.js';
import type { CatalogServable, VariantRow } from './catalog.js';

export function readServable(db: Database): readonly CatalogServable[] {
  const names = groupsOf(db.statement<NameColumns>(NAMES, { raw: true }).all());
  const variants = groupsOf(db.statement<VariantColumns>(VARIANTS, { bigint: true, raw: true }).all());
  const failures = groupsOf(db.statement<FailureColumns>(FAILURES, { raw: true }).all());
  const rows: CatalogServable[] = [];
  for (const row of db.statement<AssetColumns>(ASSETS, { bigint: true, raw: true }).iterate()) {
    const id = Number(row[0]) as AssetId;
    const named = names(id);
    if (named.length > 0) rows.push(toServable(id, row, named, variants(id), failures(id)));
  }
  return rows;
}

const ASSETS = `SELECT id, dev, ino, size, mtime_ns, eligibility, eligibility_code, eligibility_reason
  FROM asset ORDER BY id`;
type AssetColumns = [bigint, bigint | null, bigint | null, bigint, bigint, string, string | null, string | null];

const NAMES = 'SELECT asset, path FROM name ORDER BY asset, path';
type NameColumns = [number, VirtualPath];

const VARIANTS = `SELECT asset, profile, pool_key, extension, size, guard_size, guard_mtime_ns
  FROM variant ORDER BY asset, profile`;
type VariantColumns = [bigint, string, PoolKey, string, bigint, bigint, bigint];

const FAILURES = 'SELECT asset, profile, reason FROM failure ORDER BY asset, profile';
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

/** Takes the rows of ascending keys, asked for in ascending order. */
function groupsOf<T extends readonly [number | bigint, ...unknown[]]>(
  rows: readonly T[],
): (key: number) => readonly T[] {
  let next = 0;
  return (key) => {
    while ((rows[next]?.[0] ?? key) < key) next += 1;
    const start = next;
    while (Number(rows[next]?.[0]) === key) next += 1;
    return next === start ? NONE : rows.slice(start, next);
  };
}
