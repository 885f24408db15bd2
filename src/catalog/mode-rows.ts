/**
 * The project's mode, its overrides, and the profiles chosen for paths. Unlike everything else in the catalog these were
 * decided by a person and cannot be found again, so every change is synced to the disk.
 */

import type { VirtualPath } from '../base/paths.js';
import type { Database } from '../store/database.js';
import type { Mode } from '../view/mode.js';

/** Before anybody has chosen. */
const FIRST_MODE: Mode = 'proxy';

export class ModeRows {
  constructor(private readonly db: Database) {}

  read(): { readonly base: Mode; readonly overrides: ReadonlyMap<VirtualPath, Mode> } {
    const base = this.db.statement<{ mode: Mode }>('SELECT mode FROM mode_default').get();
    const overrides = this.db
      .statement<[VirtualPath, Mode]>('SELECT path, mode FROM mode_override ORDER BY path', { raw: true })
      .all();
    return { base: base?.mode ?? FIRST_MODE, overrides: new Map(overrides) };
  }

  setBase(mode: Mode): void {
    const sql = 'INSERT OR REPLACE INTO mode_default VALUES (1, ?)';
    this.db.transaction(() => this.db.statement(sql).run(mode), { durable: true });
  }

  setOverrides(paths: readonly VirtualPath[], mode: Mode): void {
    const statement = this.db.statement('INSERT OR REPLACE INTO mode_override VALUES (?, ?)');
    this.db.transaction(
      () => {
        for (const path of paths) statement.run(path, mode);
      },
      { durable: true },
    );
  }

  profiles(): ReadonlyMap<VirtualPath, string> {
    const sql = 'SELECT path, profile FROM profile_choice ORDER BY path';
    return new Map(this.db.statement<[VirtualPath, string]>(sql, { raw: true }).all());
  }

  chooseProfile(paths: readonly VirtualPath[], profile: string): void {
    const statement = this.db.statement('INSERT OR REPLACE INTO profile_choice VALUES (?, ?)');
    this.db.transaction(
      () => {
        for (const path of paths) statement.run(path, profile);
      },
      { durable: true },
    );
  }

  clearProfiles(paths: readonly VirtualPath[]): void {
    const statement = this.db.statement('DELETE FROM profile_choice WHERE path = ?');
    this.db.transaction(
      () => {
        for (const path of paths) statement.run(path);
      },
      { durable: true },
    );
  }

  clearOverrides(paths: readonly VirtualPath[]): readonly VirtualPath[] {
    const statement = this.db.statement('DELETE FROM mode_override WHERE path = ?');
    return this.db.transaction(() => paths.filter((path) => statement.run(path).changes > 0), { durable: true });
  }
}
