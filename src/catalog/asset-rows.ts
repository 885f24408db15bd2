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
import { isOfThisVersion, type Likeness } from './likeness.js';
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
    const names = new Map<number, VirtualPath[]>();
    for (const [id, path] of this.db.statement<[number, VirtualPath]>(NAMES_OF_ALL, { raw: true }).all(wanted)) {
      const known = names.get(id);
      if (known === undefined) names.set(id, [path]);
      else known.push(path);
    }
    const rows = this.db.statement<StoredAsset & StoredLikeness & { readonly described: bigint }>(ALL_OF, {
      bigint: true,
    });
    return rows.all(wanted).map((row) => {
      const media = row.described === 0n ? undefined : () => this.#mediaOf(row.id);
      return assetOf(outlineOf(row, names.get(Number(row.id)) ?? []), row, media, likenessOf(row));
    });
  }

  /** The asset as the domain knows it. */
  toAsset(row: StoredAsset): AssetRow {
    const described = this.db.statement<StoredLikeness & { readonly facts: string }>(DESCRIBED).get(row.id);
    const media = described && (() => decodeMedia(described.facts));
    return assetOf(this.toOutline(row), row, media, described && likenessOf(described));
  }

  toOutline(row: StoredAsset): AssetOutline {
    return outlineOf(row, this.namesOf(row.id));
  }

  #mediaOf(id: bigint): MediaInfo | undefined {
    const row = this.db.statement<[string]>('SELECT facts FROM media WHERE asset = ?', { raw: true }).get(id);
    return row && decodeMedia(row[0]);
  }

  #statement(sql: string) {
    return this.db.statement<StoredAsset>(sql, { bigint: true });
  }
}

/** As `isExamined` of a whole row, without reading what is known of the media. */
export const IS_EXAMINED = `(eligibility <> 'unknown' OR (fingerprint IS NOT NULL
  AND EXISTS (SELECT 1 FROM media WHERE media.asset = asset.id)))`;

const NAMES_OF_ALL =
  'SELECT asset, path FROM name WHERE asset IN (SELECT value FROM json_each(?)) ORDER BY asset, path';
const DESCRIBED = `SELECT facts, kind, timecode, reel, created
  FROM media LEFT JOIN likeness ON likeness.asset = media.asset WHERE media.asset = ?`;
/** Without the media facts, which are long. */
const ALL_OF = `SELECT asset.*, kind, timecode, reel, created,
    kind IS NOT NULL OR EXISTS (SELECT 1 FROM media WHERE media.asset = asset.id) AS described
  FROM json_each(?) AS wanted JOIN asset ON asset.id = wanted.value
  LEFT JOIN likeness ON likeness.asset = asset.id ORDER BY wanted.key`;

interface StoredLikeness {
  readonly kind: string | null;
  readonly timecode: string | null;
  readonly reel: string | null;
  readonly created: string | null;
}

function likenessOf({ kind, timecode, reel, created }: StoredLikeness): Likeness | undefined {
  return kind === null || !isOfThisVersion(kind) ? undefined : { kind, labels: { timecode, reel, created } };
}

function outlineOf(row: StoredAsset, paths: readonly VirtualPath[]): AssetOutline {
  return {
    id: Number(row.id) as AssetId,
    identity: identityOf(row.dev, row.ino),
    paths,
    master: guardOf(row),
    eligibility: eligibilityOf(row.eligibility, row.eligibility_code, row.eligibility_reason),
  };
}

/** `readMedia` undefined: nothing is known of it. */
function assetOf(
  { eligibility, id, identity, master, paths }: AssetOutline,
  { fingerprint }: StoredAsset,
  readMedia: (() => MediaInfo | undefined) | undefined,
  likeness: Likeness | undefined,
): AssetRow {
  let media: MediaInfo | undefined;
  return {
    ...{ eligibility, id, identity, master, paths, likeness },
    fingerprint: fingerprint === null ? undefined : (fingerprint as Fingerprint),
    isDescribed: readMedia !== undefined,
    // Whoever goes through a whole project seldom looks at it, and reading it is most of the cost of a row.
    get media() {
      media ??= readMedia?.();
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
