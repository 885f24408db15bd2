/**
 * All named assets as the view wants them, read in four passes that are each ordered by
 * asset and merged while they run: no query per asset, and no media facts.
 */

import type { AssetId } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Database } from '../store/database.js';
import { eligibilityOf, identityOf } from './asset-rows.js';
import type { CatalogServable, VariantRow } from './catalog.js';
import { type StoredVariant, toVariant } from './variant-rows.js';

type AssetColumns = [bigint, bigint | null, bigint | null, bigint, bigint, string, string | null, string | null];
type Failure = CatalogServable['failures'][number];

export function readServable(db: Database): readonly CatalogServable[] {
  const names = groupsOf(readNames(db));
  const variants = groupsOf(readVariants(db));
  const failures = groupsOf(readFailures(db));
  const sql = `SELECT id, dev, ino, size, mtime_ns, eligibility, eligibility_code, eligibility_reason
    FROM asset ORDER BY id`;
  const rows: CatalogServable[] = [];
  for (const row of db.statement<AssetColumns>(sql, { bigint: true, raw: true }).iterate()) {
    const id = Number(row[0]);
    const paths = names(id);
    if (paths.length > 0) rows.push(toServable(row, paths, variants(id), failures(id)));
  }
  return rows;
}

function toServable(
  [id, dev, ino, size, mtimeNs, kind, code, reason]: AssetColumns,
  paths: readonly VirtualPath[],
  variants: readonly VariantRow[],
  failures: readonly Failure[],
): CatalogServable {
  return {
    id: Number(id) as AssetId,
    identity: identityOf(dev, ino),
    paths,
    master: { size, mtimeNs },
    eligibility: eligibilityOf(kind, code, reason),
    variants,
    failures,
  };
}

type Keyed<T> = readonly [key: number, value: T];

const NONE: readonly never[] = [];

/** Takes the values of ascending keys, asked for in ascending order; each at most once. */
function groupsOf<T>(entries: readonly Keyed<T>[]): (key: number) => readonly T[] {
  let next = 0;
  return (key) => {
    while ((entries[next]?.[0] ?? key) < key) next += 1;
    if (entries[next]?.[0] !== key) return NONE;
    const group: T[] = [];
    for (let entry = entries[next]; entry?.[0] === key; entry = entries[next]) {
      group.push(entry[1]);
      next += 1;
    }
    return group;
  };
}

function readNames(db: Database): readonly Keyed<VirtualPath>[] {
  const sql = 'SELECT asset, path FROM name ORDER BY asset, path';
  return db.statement<[number, VirtualPath]>(sql, { raw: true }).all();
}

function readVariants(db: Database): readonly Keyed<VariantRow>[] {
  const sql = 'SELECT * FROM variant ORDER BY asset, profile';
  return db
    .statement<StoredVariant>(sql, { bigint: true })
    .all()
    .map((row) => [Number(row.asset), toVariant(row)]);
}

function readFailures(db: Database): readonly Keyed<Failure>[] {
  const sql = 'SELECT asset, profile, reason FROM failure ORDER BY asset, profile';
  return db
    .statement<[number, string, string]>(sql, { raw: true })
    .all()
    .map(([asset, profile, reason]) => [asset, { profile, reason }]);
}
