/**
 * All named assets as the view wants them, read in four passes that are each ordered by
 * asset and merged while they run: no query per asset, and no media facts.
 */

import type { AssetId, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Database } from '../store/database.js';
import type { Eligibility } from '../view/servable.js';
import { eligibilityOf, identityOf, sameGuard } from './asset-rows.js';
import type { CatalogServable, VariantRow } from './catalog.js';

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
  const master = { size, mtimeNs };
  return {
    id: Number(id) as AssetId,
    identity: identityOf(dev, ino),
    paths,
    master,
    eligibility: kind === 'eligible' ? ELIGIBLE : eligibilityOf(kind, code, reason),
    variants: variants.map((variant) => (sameGuard(variant.guard, master) ? { ...variant, guard: master } : variant)),
    failures,
  };
}

type Keyed<T> = readonly [key: number, value: T];

const NONE: readonly never[] = [];
const ELIGIBLE: Eligibility = { kind: 'eligible' };

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

type VariantColumns = [bigint, string, PoolKey, string, bigint, bigint, bigint];

function readVariants(db: Database): readonly Keyed<VariantRow>[] {
  const sql = `SELECT asset, profile, pool_key, extension, size, guard_size, guard_mtime_ns FROM variant
    ORDER BY asset, profile`;
  const shared = new Map<string, string>();
  const share = (text: string): string => {
    if (!shared.has(text)) shared.set(text, text);
    return shared.get(text) ?? text;
  };
  const entries: Keyed<VariantRow>[] = [];
  for (const row of db.statement<VariantColumns>(sql, { bigint: true, raw: true }).iterate()) {
    const asset = Number(row[0]) as AssetId;
    const [, profile, poolKey, extension, size, guardSize, mtimeNs] = row;
    const guard = { size: guardSize, mtimeNs };
    const names = { profile: share(profile), extension: share(extension) };
    entries.push([asset, { asset, poolKey, size: Number(size), guard, ...names }]);
  }
  return entries;
}

function readFailures(db: Database): readonly Keyed<Failure>[] {
  const sql = 'SELECT asset, profile, reason FROM failure ORDER BY asset, profile';
  return db
    .statement<[number, string, string]>(sql, { raw: true })
    .all()
    .map(([asset, profile, reason]) => [asset, { profile, reason }]);
}
