/** The cache book on SQLite. */

import type { AssetId, FileIdentity, PoolKey } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Database } from '../store/database.js';
import { signed, unsigned } from './asset-rows.js';
import type { CacheBook, CachedObject, CacheTotals, Eviction, Pin, Use } from './cache-book.js';

const DAY_MS = 86_400_000;

const OBJECTS = `SELECT variant.pool_key, variant.extension, variant.size, variant.asset, variant.profile,
    coalesce(proxy_use.last_at, 0), coalesce(proxy_use.days, 0)
  FROM variant LEFT JOIN proxy_use ON proxy_use.asset = variant.asset AND proxy_use.profile = variant.profile`;
type ObjectColumns = [PoolKey, string, number, AssetId, string, number, number];

export function createCacheBook(db: Database): CacheBook {
  return new SqliteCacheBook(db);
}

class SqliteCacheBook implements CacheBook {
  constructor(private readonly db: Database) {}

  recordUses(uses: readonly Use[]): void {
    const statement = this.db.statement(
      `INSERT INTO proxy_use (asset, profile, last_at, days)
       SELECT id, ?, ?, 1 FROM asset WHERE id = ?
       ON CONFLICT (asset, profile) DO UPDATE SET
         days = days + (days = 0 OR excluded.last_at / ${DAY_MS} > last_at / ${DAY_MS}),
         last_at = max(last_at, excluded.last_at)`,
    );
    this.db.transaction(() => {
      for (const { asset, profile, at } of uses) statement.run(profile, Math.floor(at), asset);
    });
  }

  madeAgain({ asset, profile, at }: Use): void {
    const use = this.db.statement(
      `INSERT INTO proxy_use (asset, profile, last_at, days) SELECT id, ?, ?, 0 FROM asset WHERE id = ?
       ON CONFLICT (asset, profile) DO UPDATE SET last_at = max(last_at, excluded.last_at)`,
    );
    this.db.transaction(() => {
      use.run(profile, Math.floor(at), asset);
      this.clearEviction(asset, profile);
    });
  }

  beginUses(now: number): void {
    const back = this.db
      .statement<[AssetId, string]>('SELECT asset, profile FROM eviction JOIN variant USING (asset, profile)', {
        raw: true,
      })
      .all();
    for (const [asset, profile] of back) this.madeAgain({ asset, profile, at: now });
    this.db
      .statement(
        `INSERT INTO proxy_use (asset, profile, last_at, days)
         SELECT asset, profile, ?, 0 FROM variant WHERE NOT EXISTS (
           SELECT 1 FROM proxy_use WHERE proxy_use.asset = variant.asset AND proxy_use.profile = variant.profile)`,
      )
      .run(Math.floor(now));
  }

  objects(after: PoolKey | '' = '', most = Number.POSITIVE_INFINITY): readonly CachedObject[] {
    const sql = `${OBJECTS} WHERE variant.pool_key > ? ORDER BY variant.pool_key`;
    const objects: CachedObject[] = [];
    for (const object of toObjects(this.db.statement<ObjectColumns>(sql, { raw: true }).iterate(after))) {
      if (objects.push(object) >= most) break;
    }
    return objects;
  }

  keysOf(beginning: string): ReadonlySet<PoolKey> {
    // 'g' follows every hex digit.
    const sql = 'SELECT DISTINCT pool_key FROM variant WHERE pool_key >= ? AND pool_key < ?';
    const rows = this.db.statement<[PoolKey]>(sql, { raw: true }).all(beginning, `${beginning}g`);
    return new Set(rows.map(([key]) => key));
  }

  object(key: PoolKey): CachedObject | undefined {
    const rows = this.db.statement<ObjectColumns>(`${OBJECTS} WHERE variant.pool_key = ?`, { raw: true }).all(key);
    return toObjects(rows).next().value ?? undefined;
  }

  forgetObjects(objects: readonly CachedObject[], eviction?: { readonly at: number; readonly reason: string }): void {
    const remember = this.db.statement(
      `INSERT OR REPLACE INTO eviction SELECT asset, profile, ?, ?, guard_size, guard_mtime_ns FROM variant
       WHERE pool_key = ?`,
    );
    const forget = this.db.statement('DELETE FROM variant WHERE pool_key = ?');
    const count = this.db.statement('UPDATE cache_state SET evicted = evicted + 1, evicted_bytes = evicted_bytes + ?');
    this.db.transaction(() => {
      for (const { key, size } of objects) {
        if (eviction !== undefined) {
          remember.run(eviction.at, eviction.reason, key);
          count.run(size);
        }
        forget.run(key);
      }
    });
  }

  evictionOf(asset: AssetId, profile: string): Eviction | undefined {
    const sql = 'SELECT at, reason, guard_size, guard_mtime_ns FROM eviction WHERE asset = ? AND profile = ?';
    const row = this.db
      .statement<[bigint, string, bigint, bigint]>(sql, { bigint: true, raw: true })
      .get(asset, profile);
    if (row === undefined) return undefined;
    const [at, reason, size, mtimeNs] = row;
    return { at: Number(at), reason, guard: { size, mtimeNs } };
  }

  clearEviction(asset: AssetId, profile: string): void {
    this.db.statement('DELETE FROM eviction WHERE asset = ? AND profile = ?').run(asset, profile);
  }

  ratioOf(profile: string): { readonly proxies: number; readonly masters: number } {
    const sql = 'SELECT coalesce(sum(size), 0), coalesce(sum(guard_size), 0) FROM variant WHERE profile = ?';
    const [proxies, masters] = this.db.statement<[number, number]>(sql, { raw: true }).get(profile) ?? [0, 0];
    return { proxies, masters };
  }

  pins(): readonly Pin[] {
    const sql = 'SELECT path, dev, ino FROM pin ORDER BY path';
    return this.db
      .statement<[VirtualPath, bigint | null, bigint | null]>(sql, { bigint: true, raw: true })
      .all()
      .map(([path, dev, ino]) => ({ path, identity: toIdentity(dev, ino) }));
  }

  /** What a person decided is synced to the disk. */
  pin(pins: readonly Pin[], now: number): void {
    const statement = this.db.statement('INSERT OR REPLACE INTO pin VALUES (?, ?, ?, ?)');
    this.db.transaction(
      () => {
        for (const { path, identity } of pins) {
          const [dev, ino] = identity === undefined ? [null, null] : [signed(identity.dev), signed(identity.ino)];
          statement.run(path, dev, ino, Math.floor(now));
        }
      },
      { durable: true },
    );
  }

  unpin(paths: readonly VirtualPath[]): readonly VirtualPath[] {
    const statement = this.db.statement('DELETE FROM pin WHERE path = ?');
    return this.db.transaction(() => paths.filter((path) => statement.run(path).changes > 0), { durable: true });
  }

  movePin(from: VirtualPath, to: VirtualPath): void {
    this.db.statement('UPDATE OR REPLACE pin SET path = ? WHERE path = ?').run(to, from);
  }

  totals(): CacheTotals {
    const sql = 'SELECT evicted, evicted_bytes, scrub_position, scrub_finished_at FROM cache_state';
    const row = this.db.statement<[number, number, string, number]>(sql, { raw: true }).get() ?? [0, 0, '', 0];
    const [evicted, evictedBytes, scrubPosition, scrubFinishedAt] = row;
    return { evicted, evictedBytes, scrubPosition, scrubFinishedAt };
  }

  scrubbed(position: string): void {
    this.db.statement('UPDATE cache_state SET scrub_position = ?').run(position);
  }

  scrubFinished(at: number): void {
    this.db.statement("UPDATE cache_state SET scrub_position = '', scrub_finished_at = ?").run(Math.floor(at));
  }
}

/** Rows of one key are neighbours. */
function* toObjects(rows: Iterable<ObjectColumns>): Generator<CachedObject, undefined> {
  let object: CachedObject | undefined;
  for (const [key, extension, size, asset, profile, lastAt, days] of rows) {
    if (object !== undefined && object.key !== key) yield object;
    const known: CachedObject | undefined = object?.key === key ? object : undefined;
    object = {
      ...{ key, extension, size },
      owners: [...(known?.owners ?? []), { asset, profile }],
      lastAt: Math.max(known?.lastAt ?? 0, lastAt),
      days: Math.max(known?.days ?? 0, days),
    };
  }
  if (object !== undefined) yield object;
  return undefined;
}

function toIdentity(dev: bigint | null, ino: bigint | null): FileIdentity | undefined {
  return dev === null || ino === null ? undefined : { dev: unsigned(dev), ino: unsigned(ino) };
}
