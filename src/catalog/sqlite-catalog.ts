/**
 * The catalog on SQLite. Every method is one synchronous transaction; the database file is
 * held by this process alone, so what a method read is still true when it writes.
 */

import type { AssetId, FileIdentity, Fingerprint } from '../base/ids.js';
import { invariant } from '../base/invariant.js';
import type { VirtualPath } from '../base/paths.js';
import type { MediaInfo } from '../probe/media-info.js';
import type { Database } from '../store/database.js';
import type { Mode } from '../view/mode.js';
import { type AssetOutline, type AssetRow, extensionsOf, type FoundFile } from './asset.js';
import { AssetReader, guardOf, type StoredAsset } from './asset-rows.js';
import type { AssetFacts, Catalog, FailureRow, VariantRow } from './catalog.js';
import { likenessOf } from './likeness.js';
import { encodeMedia } from './media-codec.js';
import { ModeRows } from './mode-rows.js';
import { Observer } from './observation.js';
import { readServable } from './servable-rows.js';
import { VariantRows } from './variant-rows.js';
import { VolumeRows } from './volume-rows.js';

/** The catalog of an open database; `close` closes the database too. */
export function createCatalog(db: Database): Catalog {
  const catalog = new SqliteCatalog(db);
  catalog.pruneGone();
  return catalog;
}

class SqliteCatalog implements Catalog {
  readonly #reader: AssetReader;
  readonly #observer: Observer;
  readonly #variants: VariantRows;
  readonly #modes: ModeRows;
  readonly #volumes: VolumeRows;

  constructor(private readonly db: Database) {
    this.#reader = new AssetReader(db);
    this.#observer = new Observer(db, this.#reader);
    this.#variants = new VariantRows(db);
    this.#modes = new ModeRows(db);
    this.#volumes = new VolumeRows(db);
  }

  /**
   * Gone assets that can never be recognised, that have no proxy which would be served if they were, or whose content
   * lives on elsewhere. At start only: ids in use stay valid.
   */
  pruneGone(): void {
    this.db
      .statement(
        `DELETE FROM asset WHERE NOT EXISTS (SELECT 1 FROM name WHERE name.asset = asset.id)
         AND (fingerprint IS NULL OR NOT EXISTS (SELECT 1 FROM variant WHERE variant.asset = asset.id) OR EXISTS (
           SELECT 1 FROM asset AS twin JOIN name ON name.asset = twin.id
           WHERE twin.fingerprint = asset.fingerprint AND twin.id <> asset.id))`,
      )
      .run();
  }

  observe(file: FoundFile): ReturnType<Catalog['observe']> {
    return this.db.transaction(() => {
      const { id, state } = this.#observer.observe(file);
      return { asset: this.#asset(Number(id) as AssetId), state };
    });
  }

  observeAll(files: readonly FoundFile[]): ReturnType<Catalog['observeAll']> {
    return this.db.transaction(() =>
      files.map((file) => {
        const familiar = this.#observer.familiar(file);
        if (familiar !== undefined) return { ...familiar, state: 'same', doubtful: [] };
        const { doubtful = [], id, state } = this.#observer.observe(file);
        return { id: Number(id) as AssetId, state, isExamined: this.#reader.isExamined(id), doubtful };
      }),
    );
  }

  describe(id: AssetId, facts: AssetFacts): AssetRow {
    return this.db.transaction(() => {
      this.#record(this.#stored(id), facts);
      return this.#asset(id);
    });
  }

  forget(paths: readonly VirtualPath[]): number {
    const remove = this.db.statement('DELETE FROM name WHERE path = ?');
    return this.db.transaction(() => paths.reduce((sum, path) => sum + remove.run(path).changes, 0));
  }

  get(id: AssetId): AssetRow | undefined {
    return this.#toAsset(this.#reader.byId(id));
  }

  getAll(ids: readonly AssetId[]): readonly AssetRow[] {
    return this.#reader.allOf(ids);
  }

  byPath(path: VirtualPath): AssetRow | undefined {
    return this.#toAsset(this.#reader.byPath(path));
  }

  byIdentity(identity: FileIdentity): AssetRow | undefined {
    return this.#toAsset(this.#reader.byIdentity(identity));
  }

  outline(id: AssetId): AssetOutline | undefined {
    return this.#toOutline(this.#reader.byId(id));
  }

  outlineAt(path: VirtualPath): AssetOutline | undefined {
    return this.#toOutline(this.#reader.byPath(path));
  }

  outlineOf(identity: FileIdentity): AssetOutline | undefined {
    return this.#toOutline(this.#reader.byIdentity(identity));
  }

  names(prefix: VirtualPath, after?: VirtualPath): ReturnType<Catalog['names']> {
    return this.#reader.namesBelow(prefix, after);
  }

  below(prefix: VirtualPath): readonly AssetRow[] {
    return this.#reader.below(prefix).map((row) => this.#reader.toAsset(row));
  }

  servable(after?: AssetId): ReturnType<Catalog['servable']> {
    return readServable(this.db, after);
  }

  isWithoutVariants(): boolean {
    return this.db.statement('SELECT 1 FROM variant LIMIT 1').get() === undefined;
  }

  counts(): ReturnType<Catalog['counts']> {
    const sql = `SELECT eligibility, count(*) FROM asset
      WHERE EXISTS (SELECT 1 FROM name WHERE name.asset = asset.id) GROUP BY eligibility`;
    const rows = new Map(this.db.statement<[string, number]>(sql, { raw: true }).all());
    const [eligible, ineligible, unknown] = [
      rows.get('eligible') ?? 0,
      rows.get('ineligible') ?? 0,
      rows.get('unknown') ?? 0,
    ];
    return { total: eligible + ineligible + unknown, eligible, ineligible, unknown };
  }

  recordVariant(variant: VariantRow): void {
    this.db.transaction(() => this.#variants.record(variant));
  }

  dropVariant(id: AssetId, profile: string): void {
    this.#variants.drop(id, profile);
  }

  variantsOf(id: AssetId): readonly VariantRow[] {
    return this.#variants.of(id);
  }

  variantsOfAll(ids: readonly AssetId[]): ReturnType<Catalog['variantsOfAll']> {
    return this.#variants.ofAll(ids);
  }

  recordFailure(failure: FailureRow): void {
    this.#variants.recordFailure(failure);
  }

  clearFailure(id: AssetId, profile: string): void {
    this.#variants.clearFailure(id, profile);
  }

  failures(): ReturnType<Catalog['failures']> {
    return this.#variants.failures();
  }

  volumes(): ReadonlyMap<VirtualPath, string> {
    return this.#volumes.read();
  }

  recordVolume(path: VirtualPath, point: string): void {
    this.#volumes.record(path, point);
  }

  dropVolume(path: VirtualPath): void {
    this.#volumes.drop(path);
  }

  mode(): ReturnType<Catalog['mode']> {
    return this.#modes.read();
  }

  setMode(base: Mode): void {
    this.#modes.setBase(base);
  }

  setOverrides(paths: readonly VirtualPath[], mode: Mode): void {
    this.#modes.setOverrides(paths, mode);
  }

  clearOverrides(paths: readonly VirtualPath[]): readonly VirtualPath[] {
    return this.#modes.clearOverrides(paths);
  }

  profiles(): ReadonlyMap<VirtualPath, string> {
    return this.#modes.profiles();
  }

  chooseProfile(paths: readonly VirtualPath[], profile: string): void {
    this.#modes.chooseProfile(paths, profile);
  }

  clearProfiles(paths: readonly VirtualPath[]): void {
    this.#modes.clearProfiles(paths);
  }

  close(): void {
    this.db.close();
  }

  #record(before: StoredAsset, { fingerprint, media, eligibility }: AssetFacts): void {
    const id = Number(before.id) as AssetId;
    const code = eligibility.kind === 'ineligible' ? eligibility.code : null;
    const reason = eligibility.kind === 'eligible' ? null : eligibility.reason;
    const sql = `UPDATE asset SET fingerprint = ?, eligibility = ?, eligibility_code = ?, eligibility_reason = ?
      WHERE id = ?`;
    this.db.statement(sql).run(fingerprint ?? null, eligibility.kind, code, reason, id);
    this.#recordMedia(id, media);
    // Other content under the same size and mtime: what was made of the old one is not its proxy.
    if (before.fingerprint !== null && fingerprint !== before.fingerprint) this.#variants.dropAll(id);
    if (fingerprint !== undefined) this.#takeOver(before, fingerprint);
  }

  #recordMedia(id: AssetId, media: MediaInfo | undefined): void {
    // With its likeness.
    this.db.statement('DELETE FROM media WHERE asset = ?').run(id);
    if (media === undefined) return;
    this.db.statement('INSERT INTO media VALUES (?, ?)').run(id, encodeMedia(media));
    const { kind, labels } = likenessOf(media);
    const { timecode, reel, created } = labels;
    this.db.statement('INSERT INTO likeness VALUES (?, ?, ?, ?, ?)').run(id, kind, timecode, reel, created);
  }

  /** Proxies of equal content serve this asset too, as far as the name's extension allows. */
  #takeOver(row: StoredAsset, fingerprint: Fingerprint): void {
    const id = Number(row.id) as AssetId;
    const others = this.#variants.ofContent(fingerprint, id);
    if (others.length === 0) return;
    const extensions = extensionsOf({ paths: this.#reader.namesOf(row.id) });
    const known = new Set(this.#variants.of(id).map((variant) => variant.profile));
    for (const variant of others) {
      if (known.has(variant.profile) || !extensions.has(variant.extension)) continue;
      this.#variants.record({ ...variant, asset: id, guard: guardOf(row) });
      known.add(variant.profile);
    }
  }

  #asset(id: AssetId): AssetRow {
    return this.#reader.toAsset(this.#stored(id));
  }

  #stored(id: AssetId): StoredAsset {
    const row = this.#reader.byId(id);
    invariant(row !== undefined, `asset ${id} is in the catalog`);
    return row;
  }

  #toAsset(row: StoredAsset | undefined): AssetRow | undefined {
    return row === undefined ? undefined : this.#reader.toAsset(row);
  }

  #toOutline(row: StoredAsset | undefined): AssetOutline | undefined {
    return row === undefined ? undefined : this.#reader.toOutline(row);
  }
}
