/** Rows of the tables `variant` and `failure`: what was made of an asset, and what could not be. */

import type { AssetId, Fingerprint, PoolKey, RecipeHash } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Database } from '../store/database.js';
import type { CatalogFailure, FailureRow, VariantRow } from './catalog.js';

export interface StoredVariant {
  readonly asset: bigint;
  readonly profile: string;
  readonly pool_key: string;
  readonly extension: string;
  readonly size: bigint;
  readonly guard_size: bigint;
  readonly guard_mtime_ns: bigint;
}

export function toVariant(row: StoredVariant): VariantRow {
  return {
    asset: Number(row.asset) as AssetId,
    profile: row.profile,
    poolKey: row.pool_key as PoolKey,
    extension: row.extension,
    size: Number(row.size),
    guard: { size: row.guard_size, mtimeNs: row.guard_mtime_ns },
  };
}

export class VariantRows {
  constructor(private readonly db: Database) {}

  /** A published proxy settles an earlier failure. */
  record(variant: VariantRow): void {
    const { asset, profile, poolKey, extension, size, guard } = variant;
    this.db
      .statement('INSERT OR REPLACE INTO variant VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(asset, profile, poolKey, extension, size, guard.size, guard.mtimeNs);
    this.clearFailure(asset, profile);
  }

  drop(id: AssetId, profile: string): void {
    this.db.statement('DELETE FROM variant WHERE asset = ? AND profile = ?').run(id, profile);
  }

  dropAll(id: AssetId): void {
    this.db.statement('DELETE FROM variant WHERE asset = ?').run(id);
    this.db.statement('DELETE FROM failure WHERE asset = ?').run(id);
  }

  of(id: AssetId): readonly VariantRow[] {
    const sql = 'SELECT * FROM variant WHERE asset = ? ORDER BY profile';
    return this.db.statement<StoredVariant>(sql, { bigint: true }).all(id).map(toVariant);
  }

  ofAll(ids: readonly AssetId[]): ReadonlyMap<AssetId, readonly VariantRow[]> {
    const sql = 'SELECT * FROM variant WHERE asset IN (SELECT value FROM json_each(?)) ORDER BY asset, profile';
    const found = new Map<AssetId, VariantRow[]>();
    for (const row of this.db.statement<StoredVariant>(sql, { bigint: true }).all(JSON.stringify(ids)).map(toVariant)) {
      const others = found.get(row.asset);
      if (others === undefined) found.set(row.asset, [row]);
      else others.push(row);
    }
    return found;
  }

  /** Variants of every asset with this content, the newest asset first. */
  ofContent(fingerprint: Fingerprint, except: AssetId): readonly VariantRow[] {
    const sql = `SELECT variant.* FROM asset JOIN variant ON variant.asset = asset.id
      WHERE fingerprint = ? AND asset.id <> ? ORDER BY asset.id DESC`;
    return this.db.statement<StoredVariant>(sql, { bigint: true }).all(fingerprint, except).map(toVariant);
  }

  recordFailure({ asset, profile, recipeHash, reason, rejected }: FailureRow): void {
    this.db
      .statement('INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?)')
      .run(asset, profile, recipeHash, reason, rejected ? 1 : 0);
  }

  clearFailure(id: AssetId, profile: string): void {
    this.db.statement('DELETE FROM failure WHERE asset = ? AND profile = ?').run(id, profile);
  }

  /** Of assets that have a name, ordered by it. */
  failures(): readonly CatalogFailure[] {
    const sql = `SELECT failure.*, (SELECT min(path) FROM name WHERE name.asset = failure.asset) AS path
      FROM failure WHERE path IS NOT NULL ORDER BY path, profile`;
    return this.db.statement<StoredFailure>(sql).all().map(toFailure);
  }
}

interface StoredFailure {
  readonly asset: number;
  readonly path: string;
  readonly profile: string;
  readonly recipe_hash: string;
  readonly reason: string;
  readonly rejected: number;
}

function toFailure(row: StoredFailure): CatalogFailure {
  return {
    asset: row.asset as AssetId,
    path: row.path as VirtualPath,
    profile: row.profile,
    recipeHash: row.recipe_hash as RecipeHash,
    reason: row.reason,
    rejected: row.rejected === 1,
  };
}
