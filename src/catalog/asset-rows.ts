/**
 * Rows of the tables `asset` and `name` as assets. Integers of 64 bits travel as bigint;
 * dev and ino are unsigned in the kernel and signed in SQLite.
 */

import type { AssetId, FileIdentity, Fingerprint } from '../base/ids.js';
import { invariant } from '../base/invariant.js';
import { ROOT, type VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Database } from '../store/database.js';
import type { Eligibility } from '../view/servable.js';
import type { AssetOutline, AssetRow } from './asset.js';
import type { CatalogName } from './catalog.js';
import { decodeMedia } from './media-codec.js';

/** Names at or below a prefix: parameters are those of `prefixRange`. '0' follows '/' in byte order. */
export const PATH_IN_RANGE = '(path = ? OR (path > ? AND path < ?))';

export function prefixRange(prefix: VirtualPath): [string, string, string] {
  // Every path lies between the empty string and a byte that no UTF-8 text contains.
  return prefix === ROOT ? ['', '', '\u{10ffff}'] : [prefix, `${prefix}/`, `${prefix}0`];
}

/** Read within a few milliseconds. */
const NAMES_AT_ONCE = 5000;

export const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
export const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

export interface StoredAsset {
  readonly id: bigint;
  readonly dev: bigint | null;
  readonly ino: bigint | null;
  readonly size: bigint;
  readonly mtime_ns: bigint;
  readonly fingerprint: string | null;
  readonly eligibility: string;
  readonly eligibility_code: string | null;
  readonly eligibility_reason: string | null;
}

/** Reads assets in every way the catalog is asked for them. */
export class AssetReader {
  constructor(private readonly db: Database) {}

  byId(id: AssetId): StoredAsset | undefined {
    return this.#statement('SELECT * FROM asset WHERE id = ?').get(id);
  }

  byIdentity({ dev, ino }: FileIdentity): StoredAsset | undefined {
    return this.#statement('SELECT * FROM asset WHERE ino = ? AND dev = ?').get(signed(ino), signed(dev));
  }

  byPath(path: VirtualPath): StoredAsset | undefined {
    return this.#statement('SELECT asset.* FROM name JOIN asset ON asset.id = name.asset WHERE path = ?').get(path);
  }

  /** Once per asset, in the order of its first name at or below the prefix. */
  below(prefix: VirtualPath): readonly StoredAsset[] {
    return this.#statement(
      `SELECT asset.* FROM (SELECT asset AS owner, min(path) AS first FROM name WHERE ${PATH_IN_RANGE} GROUP BY asset)
       JOIN asset ON asset.id = owner ORDER BY first`,
    ).all(...prefixRange(prefix));
  }

  isExamined(id: bigint): boolean {
    return (
      this.db.statement<[number]>(`SELECT ${IS_EXAMINED} FROM asset WHERE id = ?`, { raw: true }).get(id)?.[0] === 1
    );
  }

  namesOf(id: bigint): readonly VirtualPath[] {
    const sql = 'SELECT path FROM name WHERE asset = ? ORDER BY path';
    return this.db
      .statement<[VirtualPath]>(sql, { raw: true })
      .all(id)
      .map(([path]) => path);
  }

  namesBelow(prefix: VirtualPath, after: VirtualPath | undefined): CatalogName[] {
    const [own, above, beyond] = prefixRange(prefix);
    const sql = `SELECT path, asset FROM name WHERE path > ? AND path < ? ORDER BY path LIMIT ${NAMES_AT_ONCE}`;
    const rows = this.db.statement<[VirtualPath, AssetId]>(sql, { raw: true });
    const below = rows.all(after === undefined || after === prefix ? above : after, beyond);
    const exact = this.db.statement<[VirtualPath, AssetId]>('SELECT path, asset FROM name WHERE path = ?', {
      raw: true,
    });
    return [...(after === undefined ? exact.all(own) : []), ...below].map(([path, id]) => ({ id, path }));
  }

  /** Those of the ids that are there, in their order: two queries for all of them. */
  allOf(ids: readonly AssetId[]): readonly AssetRow[] {
    const wanted = JSON.stringify(ids);
    const names = new Map<bigint, VirtualPath[]>();
    for (const [id, path] of this.db.statement<[bigint, VirtualPath]>(NAMES_OF_ALL, RAW_BIGINT).iterate(wanted)) {
      const known = names.get(id);
      if (known === undefined) names.set(id, [path]);
      else known.push(path);
    }
    const rows = this.db.statement<StoredAsset & { readonly facts: string | null }>(ALL_OF, { bigint: true });
    return rows.all(wanted).map((row) => assetOf(outlineOf(row, names.get(row.id) ?? []), row, row.facts ?? undefined));
  }

  /** The asset as the domain knows it. */
  toAsset(row: StoredAsset): AssetRow {
    return assetOf(this.toOutline(row), row, this.#factsOf(row.id));
  }

  toOutline(row: StoredAsset): AssetOutline {
    return outlineOf(row, this.namesOf(row.id));
  }

  #factsOf(id: bigint): string | undefined {
    return this.db.statement<[string]>('SELECT facts FROM media WHERE asset = ?', { raw: true }).get(id)?.[0];
  }

  #statement(sql: string) {
    return this.db.statement<StoredAsset>(sql, { bigint: true });
  }
}

/** As `isExamined` of a whole row, without reading what is known of the media. */
export const IS_EXAMINED = `(eligibility <> 'unknown' OR (fingerprint IS NOT NULL
  AND EXISTS (SELECT 1 FROM media WHERE media.asset = asset.id)))`;

const RAW_BIGINT = { bigint: true, raw: true };
const NAMES_OF_ALL =
  'SELECT asset, path FROM name WHERE asset IN (SELECT value FROM json_each(?)) ORDER BY asset, path';
const ALL_OF = `SELECT asset.*, media.facts FROM json_each(?) AS wanted JOIN asset ON asset.id = wanted.value
  LEFT JOIN media ON media.asset = asset.id ORDER BY wanted.key`;

function outlineOf(row: StoredAsset, paths: readonly VirtualPath[]): AssetOutline {
  return {
    id: Number(row.id) as AssetId,
    identity: identityOf(row.dev, row.ino),
    paths,
    master: guardOf(row),
    eligibility: eligibilityOf(row.eligibility, row.eligibility_code, row.eligibility_reason),
  };
}

function assetOf(outline: AssetOutline, { fingerprint }: StoredAsset, facts: string | undefined): AssetRow {
  let media: MediaInfo | undefined;
  return {
    ...outline,
    fingerprint: fingerprint === null ? undefined : (fingerprint as Fingerprint),
    facts,
    // Whoever goes through a whole project seldom looks at it, and reading it is most of the cost of a row.
    get media() {
      if (facts !== undefined) media ??= decodeMedia(facts);
      return media;
    },
  };
}

/** A gone asset whose inode belongs to another file now has the identity 0:0, which no file has. */
export function identityOf(dev: bigint | null, ino: bigint | null): FileIdentity {
  return { dev: unsigned(dev ?? 0n), ino: unsigned(ino ?? 0n) };
}

export function guardOf(row: { readonly size: bigint; readonly mtime_ns: bigint }): MasterGuard {
  return { size: row.size, mtimeNs: row.mtime_ns };
}

export function sameGuard(a: MasterGuard, b: MasterGuard): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs;
}

export function eligibilityOf(kind: string, code: string | null, reason: string | null): Eligibility {
  if (kind === 'eligible') return { kind };
  if (kind === 'ineligible') return { kind, code: code ?? 'unknown', reason: reason ?? '' };
  invariant(kind === 'unknown', `an eligibility of the catalog is '${kind}'`);
  return { kind, reason: reason ?? '' };
}
