/**
 * Which asset a file found on disk is. The rules, in order:
 *
 * 1. The same inode with the same size and mtime is the same asset, whatever its name.
 * 2. The same name with the same size and mtime on another *device* is the same asset: device
 *    numbers change over reboots. Another inode of the same device is another file.
 * 3. The same inode under a known name with another size or mtime is a changed asset.
 * 4. Anything else is a new asset. An inode it shares with an older row has been used again;
 *    that row keeps its fingerprint, by which its content is recognised if it comes back.
 *
 * The outcome for a tree does not depend on the order in which its files are seen.
 * Runs inside the transaction of its caller.
 */

import type { AssetId } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Database } from '../store/database.js';
import type { FoundFile } from './asset.js';
import { type AssetReader, guardOf, IS_EXAMINED, type StoredAsset, sameGuard, signed } from './asset-rows.js';
import type { ObservedState } from './catalog.js';

export interface Observation {
  readonly id: bigint;
  readonly state: ObservedState;
  /** Names of the row that had this inode: one may be a hard link to the file that was found. */
  readonly doubtful?: readonly VirtualPath[];
}

/** A file of which nothing has changed: what nearly all of a large project are. */
export interface Familiar {
  readonly id: AssetId;
  readonly isExamined: boolean;
}

export const NOT_EXAMINED = 'not examined yet';

export class Observer {
  constructor(
    private readonly db: Database,
    private readonly reader: AssetReader,
  ) {}

  /** Undefined for what `observe` has to look at; one statement, which writes nothing. */
  familiar({ identity: { dev, ino }, master: { size, mtimeNs }, path }: FoundFile): Familiar | undefined {
    const row = this.db.statement<[AssetId, number]>(FAMILIAR, { raw: true });
    const found = row.get(path, signed(ino), signed(dev), size, mtimeNs);
    return found && { id: found[0], isExamined: found[1] === 1 };
  }

  observe(file: FoundFile): Observation {
    const byIdentity = this.reader.byIdentity(file.identity);
    if (byIdentity !== undefined && isUnchanged(byIdentity, file)) {
      return { id: byIdentity.id, state: this.#name(file.path, byIdentity.id) ? 'moved' : 'same' };
    }
    const byPath = this.reader.byPath(file.path);
    if (byPath !== undefined && isUnchanged(byPath, file) && byPath.dev !== signed(file.identity.dev)) {
      this.#giveIdentity(byPath, byIdentity, file);
      return { id: byPath.id, state: 'back' };
    }
    if (byIdentity !== undefined && byIdentity.id === byPath?.id) {
      this.#reset(byIdentity.id, file);
      return { id: byIdentity.id, state: 'changed' };
    }
    const doubtful = byIdentity === undefined ? [] : this.reader.namesOf(byIdentity.id);
    return { id: this.#insert(byIdentity, file), state: 'new', doubtful };
  }

  /** Makes `path` a name of the asset; true when it was not one before. */
  #name(path: VirtualPath, id: bigint): boolean {
    const sql = `INSERT INTO name (path, asset) VALUES (?, ?)
      ON CONFLICT (path) DO UPDATE SET asset = excluded.asset WHERE asset <> excluded.asset`;
    return this.db.statement(sql).run(path, id).changes > 0;
  }

  #giveIdentity(row: StoredAsset, holder: StoredAsset | undefined, file: FoundFile): void {
    this.#vacate(holder);
    const { dev, ino } = file.identity;
    this.db.statement('UPDATE asset SET dev = ?, ino = ? WHERE id = ?').run(signed(dev), signed(ino), row.id);
  }

  #vacate(holder: StoredAsset | undefined): void {
    if (holder === undefined) return;
    this.db.statement('UPDATE asset SET dev = NULL, ino = NULL WHERE id = ?').run(holder.id);
  }

  #reset(id: bigint, file: FoundFile): void {
    const sql = `UPDATE asset SET size = ?, mtime_ns = ?, fingerprint = NULL, eligibility = 'unknown', eligibility_code = NULL, eligibility_reason = ? WHERE id = ?`;
    this.db.statement(sql).run(file.master.size, file.master.mtimeNs, NOT_EXAMINED, id);
    this.db.statement('DELETE FROM media WHERE asset = ?').run(id);
    this.db.statement('DELETE FROM variant WHERE asset = ?').run(id);
    this.db.statement('DELETE FROM failure WHERE asset = ?').run(id);
  }

  #insert(holder: StoredAsset | undefined, file: FoundFile): bigint {
    this.#vacate(holder);
    const sql = `INSERT INTO asset (dev, ino, size, mtime_ns, eligibility, eligibility_reason)
      VALUES (?, ?, ?, ?, 'unknown', ?)`;
    const { identity, master } = file;
    const { lastId } = this.db
      .statement(sql)
      .run(signed(identity.dev), signed(identity.ino), master.size, master.mtimeNs, NOT_EXAMINED);
    this.#name(file.path, BigInt(lastId));
    return BigInt(lastId);
  }
}

const FAMILIAR = `SELECT asset.id, ${IS_EXAMINED} FROM name JOIN asset ON asset.id = name.asset
  WHERE path = ? AND ino = ? AND dev = ? AND size = ? AND mtime_ns = ?`;

function isUnchanged(row: StoredAsset, file: FoundFile): boolean {
  return sameGuard(guardOf(row), file.master);
}
