/**
 * The journal in the project's database.
 *
 * Events are numbered when they are recorded and written together a moment later: one
 * transaction for many. When the disk refuses them they stay in memory, up to a bound, and
 * the newest are kept. Concurrency: all state belongs to the event loop.
 */

import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import type { AssetId } from '../base/ids.js';
import { ancestorsOf, type VirtualPath } from '../base/paths.js';
import type { Logger } from '../log/logger.js';
import type { Database, SqlValue } from '../store/database.js';
import { EVENT_KINDS, isRoutine, type JournalEvent, type NewEvent } from './event.js';
import type { EventFilter, Journal } from './journal.js';

export interface JournalBounds {
  /** Events that are kept for good, until there are more than this. */
  readonly events?: number | undefined;
  /** The same of the routine ones: queued, started, stale, ... */
  readonly routineEvents?: number | undefined;
  readonly days?: number | undefined;
}

const DEFAULT_EVENTS = 200_000;
const DEFAULT_ROUTINE_EVENTS = 20_000;
const DEFAULT_DAYS = 400;
const DAY_MS = 86_400_000;
/** Events wait this long for others to be written with. */
const GATHER_MS = 250;
/** More than this is written at once. */
const BATCH = 500;
/** What a full disk leaves in memory; a few megabytes. */
const MOST_WAITING = 10_000;
/** Bounds are looked at after this many events: looking counts those that are kept. */
const PRUNE_EVERY = 5000;

interface Row {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly path: string | null;
  readonly asset: number | null;
  readonly who: string | null;
  readonly facts: string;
}

export interface JournalOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly bounds?: JournalBounds;
}

export function openJournal(db: Database, options: JournalOptions): Journal {
  return new SqliteJournal(db, options);
}

class SqliteJournal implements Journal {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #bounds: JournalBounds;
  readonly #listeners = new Set<(event: JournalEvent) => void>();
  #waiting: JournalEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lastId: number;
  #sincePruned = 0;
  #isFailing = false;
  #isClosed = false;

  constructor(db: Database, { log, clock = systemClock, bounds = {} }: JournalOptions) {
    this.#db = db;
    this.#log = log;
    this.#clock = clock;
    this.#bounds = bounds;
    // The sequence outlives the rows: an id is never used again, also when all were forgotten.
    const sequence = db.statement<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'event'").get();
    this.#lastId = sequence?.seq ?? 0;
    this.#prune();
  }

  record(event: NewEvent): void {
    if (this.#isClosed) return;
    this.#lastId += 1;
    const recorded: JournalEvent = { ...event, id: this.#lastId, at: this.#clock.now() };
    this.#waiting.push(recorded);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    this.#tell(recorded);
    if (this.#waiting.length >= BATCH && !this.#isFailing) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS).unref();
  }

  since(id: number, filter: EventFilter = {}, limit = -1): readonly JournalEvent[] {
    const { where, values } = conditionsOf(filter);
    return this.#select(`WHERE id > ? ${where} ORDER BY id LIMIT ?`, [id, ...values, limit]);
  }

  latest(filter: EventFilter = {}, limit: number): readonly JournalEvent[] {
    const { where, values } = conditionsOf(filter);
    return this.#select(`WHERE id > 0 ${where} ORDER BY id DESC LIMIT ?`, [...values, limit]).toReversed();
  }

  historyOf(
    { path, asset }: { readonly path: VirtualPath; readonly asset?: AssetId | undefined },
    limit = 1000,
  ): readonly JournalEvent[] {
    // Of a name that is no clip's nothing was asked.
    const above = JSON.stringify(asset === undefined ? [] : [...ancestorsOf(path)]);
    const sql = `WHERE id IN (SELECT id FROM event WHERE path = ? UNION SELECT id FROM event WHERE asset = ? UNION
        SELECT id FROM event WHERE path IN (SELECT value FROM json_each(?)) AND kind = 'queued' AND asset IS NULL)
      ORDER BY id DESC LIMIT ?`;
    return this.#select(sql, [path, asset ?? null, above, limit]).toReversed();
  }

  onEvent(listener: (event: JournalEvent) => void, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#listeners.add(listener);
    signal?.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  lastId(): number {
    return this.#lastId;
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0 || this.#isClosed) return;
    try {
      this.#write(this.#waiting);
      this.#sincePruned += this.#waiting.length;
      this.#waiting = [];
      this.#isFailing = false;
      if (this.#sincePruned >= PRUNE_EVERY) this.#prune();
    } catch (err) {
      if (!this.#isFailing) this.#log.warn({ err }, 'events cannot be written to the journal; they are kept for now');
      this.#isFailing = true;
    }
  }

  close(): void {
    this.flush();
    clearTimeout(this.#timer);
    this.#isClosed = true;
    this.#listeners.clear();
  }

  #tell(event: JournalEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (err) {
        this.#listeners.delete(listener);
        this.#log.warn({ err }, 'a listener of the journal failed and is not called again');
      }
    }
  }

  #write(events: readonly JournalEvent[]): void {
    // A checkpoint that fails makes a commit look as if it had: some may be there. Asking costs as much as writing.
    const insert = this.#db.statement(
      `INSERT ${this.#isFailing ? 'OR REPLACE ' : ''}INTO event (id, at, kind, routine, path, asset, who, facts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#db.transaction(() => {
      for (const { id, at, kind, path, asset, who, facts } of events) {
        const by = who === undefined ? null : JSON.stringify(who);
        insert.run(id, at, kind, isRoutine(kind) ? 1 : 0, path ?? null, asset ?? null, by, JSON.stringify(facts));
      }
    });
  }

  #select(tail: string, values: readonly SqlValue[]): readonly JournalEvent[] {
    this.flush();
    const columns = 'id, at, kind, path, asset, who, facts';
    return this.#db
      .statement<Row>(`SELECT ${columns} FROM event ${tail}`)
      .all(...values)
      .flatMap(toEvent);
  }

  #prune(): void {
    this.#sincePruned = 0;
    const { events = DEFAULT_EVENTS, routineEvents = DEFAULT_ROUTINE_EVENTS, days = DEFAULT_DAYS } = this.#bounds;
    const nth = (condition: string) => `(SELECT id FROM event ${condition} ORDER BY id DESC LIMIT 1 OFFSET ?)`;
    this.#db.transaction(() => {
      this.#db.statement(`DELETE FROM event WHERE id <= ${nth('')}`).run(events);
      const routine = nth('WHERE routine = 1');
      this.#db.statement(`DELETE FROM event WHERE routine = 1 AND id <= ${routine}`).run(routineEvents);
      // Up to the first that is young enough: reading the time of each would take longer than all the rest.
      const young = 'SELECT id FROM event WHERE at >= ? ORDER BY id LIMIT 1';
      const old = `DELETE FROM event WHERE id < coalesce((${young}), (SELECT max(id) + 1 FROM event))`;
      this.#db.statement(old).run(this.#clock.now() - days * DAY_MS);
    });
  }
}

function conditionsOf({ kinds, below, from }: EventFilter): { where: string; values: readonly SqlValue[] } {
  const parts: string[] = [];
  const values: SqlValue[] = [];
  if (kinds !== undefined) {
    parts.push('AND kind IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(kinds));
  }
  if (below !== undefined && below !== '') {
    // '0' follows '/': all that begins with the folder's name and a slash.
    parts.push("AND (path = ? OR (path >= ? || '/' AND path < ? || '0'))");
    values.push(below, below, below);
  }
  if (from !== undefined) {
    parts.push('AND at >= ?');
    values.push(from);
  }
  return { where: parts.join(' '), values };
}

const KNOWN: ReadonlySet<string> = new Set(EVENT_KINDS);

/** Kinds that a later version wrote are passed over. */
function toEvent({ id, at, kind, path, asset, who, facts }: Row): JournalEvent[] {
  if (!KNOWN.has(kind)) return [];
  const event = {
    id,
    at,
    kind,
    ...(path === null ? {} : { path }),
    ...(asset === null ? {} : { asset }),
    ...(who === null ? {} : { who: JSON.parse(who) as unknown }),
    facts: JSON.parse(facts) as unknown,
  };
  // Only `record` writes the table, and nobody but this process opens the file.
  return [event as JournalEvent];
}
