/** Which file systems the names of the catalog were found on: by the place where each was mounted. */

import type { VirtualPath } from '../base/paths.js';
import type { Database } from '../store/database.js';

export class VolumeRows {
  constructor(private readonly db: Database) {}

  read(): ReadonlyMap<VirtualPath, string> {
    return new Map(this.db.statement<[VirtualPath, string]>('SELECT path, point FROM volume', { raw: true }).all());
  }

  record(path: VirtualPath, point: string): void {
    const sql =
      'INSERT INTO volume (path, point) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET point = excluded.point';
    this.db.statement(sql).run(path, point);
  }

  drop(path: VirtualPath): void {
    this.db.statement('DELETE FROM volume WHERE path = ?').run(path);
  }
}
