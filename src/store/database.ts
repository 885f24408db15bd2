/**
 * The SQLite file of a project. Nothing outside this room imports better-sqlite3.
 *
 * Promises: one process holds the file at a time. The lock belongs to the process, so the
 * kernel releases it after SIGKILL and no stale lock file can remain. (It is a POSIX record
 * lock: this process must never open and close the same file by other means.) Errors of
 * SQLite leave this file as coded errors that name the file and the way out.
 *
 * `synchronous` is NORMAL: with a write-ahead log a killed process loses nothing, and a power
 * cut can only take back the latest transactions, which a scan and the pool restore. What a
 * person decided is not restorable, so `transaction(body, { durable: true })` syncs the log.
 *
 * Concurrency: everything is synchronous; a transaction never spans an await.
 */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { RealPath } from '../base/paths.js';
import { alsoReturns } from '../base/return-memory.js';
import { type Migration, migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';
import { damaged, storeError } from './store-error.js';

export type SqlValue = string | number | bigint | null | Uint8Array;

export interface Statement<Row> {
  /** Returns the number of rows changed and the last row id. */
  run(...values: readonly SqlValue[]): { readonly changes: number; readonly lastId: number };
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): readonly Row[];
  /** Row by row, without holding all in memory. No statement may write until it ends. */
  iterate(...values: readonly SqlValue[]): IterableIterator<Row>;
}

export interface StatementOptions {
  /** Every integer as a bigint: for 64-bit device, inode and time values. */
  readonly bigint?: boolean;
  /** Rows as arrays of column values. */
  readonly raw?: boolean;
}

export interface Database {
  readonly file: RealPath;
  /** `Row` is what the schema makes of the columns; nobody but this process writes the file. */
  statement<Row = never>(sql: string, options?: StatementOptions): Statement<Row>;
  /** All or nothing. Inside another transaction it joins that one. */
  transaction<T>(body: () => T, options?: { readonly durable?: boolean }): T;
  close(): void;
}

export interface OpenOptions {
  readonly migrations?: readonly Migration[];
  /** How long another holder may take to let go (a daemon that is just ending). */
  readonly waitMilliseconds?: number;
}

/** Opens or creates the file, takes the lock, checks it, and brings the schema up to date. */
export function openDatabase(file: RealPath, options: OpenOptions = {}): Database {
  const sqlite = connect(file, options.waitMilliseconds ?? 500);
  try {
    prepare(sqlite, file);
    const database = new SqliteDatabase(file, sqlite);
    migrate(sqlite, file, options.migrations ?? MIGRATIONS);
    return database;
  } catch (error) {
    sqlite.close();
    throw storeError(error, file);
  }
}

function connect(file: RealPath, timeout: number): Sqlite.Database {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return new Sqlite(file, { timeout });
  } catch (error) {
    throw storeError(error, file);
  }
}

function prepare(sqlite: Sqlite.Database, file: RealPath): void {
  // Before the first access in WAL mode: then SQLite keeps its index in memory and needs no shared-memory file.
  sqlite.pragma('locking_mode = EXCLUSIVE');
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = NORMAL');
  sqlite.pragma('foreign_keys = ON');
  // The lock is taken by the first write transaction and then kept.
  sqlite.exec('BEGIN IMMEDIATE; COMMIT');
  const verdict = sqlite.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok') throw damaged(file, String(verdict));
}

class SqliteDatabase implements Database {
  /** By the options that they were prepared with: a key put together of both would be hashed at each call. */
  readonly #statements = [0, 1, 2, 3].map(() => new Map<string, Statement<unknown>>());

  constructor(
    readonly file: RealPath,
    private readonly sqlite: Sqlite.Database,
  ) {}

  /** After work on a whole project: the pages it has read are in the system's cache too. */
  readonly #keepsPages = alsoReturns(() => void this.sqlite.pragma('shrink_memory'));

  statement<Row>(sql: string, options: StatementOptions = {}): Statement<Row> {
    const statements = this.#statements[(options.bigint === true ? 1 : 0) + (options.raw === true ? 2 : 0)];
    const known = statements?.get(sql);
    if (known !== undefined) return known as Statement<Row>;
    const made = this.#prepare<Row>(sql, options);
    statements?.set(sql, made);
    return made;
  }

  transaction<T>(body: () => T, options: { readonly durable?: boolean } = {}): T {
    if (this.sqlite.inTransaction) return body();
    if (options.durable === true) this.sqlite.pragma('synchronous = FULL');
    try {
      return this.#guard(() => this.sqlite.transaction(body).immediate());
    } finally {
      if (options.durable === true) this.sqlite.pragma('synchronous = NORMAL');
    }
  }

  close(): void {
    this.#keepsPages();
    if (this.sqlite.open) this.sqlite.close();
  }

  #prepare<Row>(sql: string, options: StatementOptions): Statement<Row> {
    const inner = this.#guard(() => this.sqlite.prepare<SqlValue[], Row>(sql));
    if (options.bigint === true) inner.safeIntegers(true);
    if (options.raw === true) inner.raw(true);
    return {
      run: (...values) =>
        this.#guard(() => {
          const result = inner.run(...values);
          return { changes: result.changes, lastId: Number(result.lastInsertRowid) };
        }),
      get: (...values) => this.#guard(() => inner.get(...values)),
      all: (...values) => this.#guard(() => inner.all(...values)),
      iterate: (...values) => this.#guard(() => inner.iterate(...values)),
    };
  }

  #guard<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw storeError(error, this.file);
    }
  }
}
