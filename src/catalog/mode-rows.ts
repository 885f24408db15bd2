/**
 * The project's mode and its overrides. Unlike everything else in the catalog these were
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

  clearOverrides(paths: readonly VirtualPath[]): readonly VirtualPath[] {
    const statement = this.db.statement('DELETE FROM mode_override WHERE path = ?');
    return this.db.transaction(() => paths.filter((path) => statement.run(path).changes > 0), { durable: true });
  }
}
