import { join } from 'node:path';
import t from 'tap';
import type { AssetId } from '../../src/base/ids.js';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import type { JournalEvent } from '../../src/journal/event.js';
import { type JournalBounds, openJournal } from '../../src/journal/sqlite-journal.js';
import { silentLogger } from '../../src/log/logger.js';
import { type Database, openDatabase } from '../../src/store/database.js';

interface Setup {
  readonly db: Database;
  readonly journal: ReturnType<typeof openJournal>;
  readonly time: { now: number };
  reopen(bounds?: JournalBounds): ReturnType<typeof openJournal>;
}

function setup(test: { testdir(): string; teardown(end: () => void): void }, bounds: JournalBounds = {}): Setup {
  const db = openDatabase(join(test.testdir(), 'catalog.db') as RealPath);
  const time = { now: 1_000_000_000_000 };
  const clock = { now: () => time.now };
  const reopen = (again: JournalBounds = bounds) => openJournal(db, { log: silentLogger, clock, bounds: again });
  test.teardown(() => db.close());
  return { db, journal: reopen(), time, reopen };
}

const clip = (name: string) => name as VirtualPath;
const published = (path: string, asset = 1) =>
  ({
    kind: 'published',
    path: clip(path),
    asset: asset as AssetId,
    facts: { profile: 'edit', size: 5, seconds: 1 },
  }) as const;
const stale = (path: string) => ({ kind: 'stale', path: clip(path), facts: {} }) as const;
const kinds = (events: readonly JournalEvent[]) => events.map(({ kind }) => kind);
const ids = (events: readonly JournalEvent[]) => events.map(({ id }) => id);

t.test('events come back in order with all that was said, also after the journal was opened anew', async (t) => {
  const { journal, reopen, time } = setup(t);
  const who = { command: 'proxyfs mode master', user: 'anna', pid: 7 };
  const facts = { mode: 'master', request: 'master', paths: '', changed: 3, stayedMaster: 0, milliseconds: 12 };
  journal.record({ kind: 'flip', who, facts });
  time.now += 5;
  journal.record(published('A001/C001.mov'));
  t.same(journal.since(0), [
    { id: 1, at: 1_000_000_000_000, kind: 'flip', who, facts },
    { id: 2, at: 1_000_000_000_005, ...published('A001/C001.mov') },
  ]);
  journal.close();
  const again = reopen();
  again.record(stale('B.mov'));
  t.same(ids(again.since(1)), [2, 3], 'ids go on');
  t.same(kinds(again.latest({ kinds: ['flip', 'stale'] }, 1)), ['stale']);
  again.close();
});

t.test('a folder, a time and kinds choose events, and names that only begin alike are not below', async (t) => {
  const { journal, time } = setup(t);
  for (const path of ['A', 'A/1.mov', 'A-b/1.mov', 'A/b/2.mov', 'B.mov']) {
    journal.record(stale(path));
    time.now += 1000;
  }
  t.same(
    journal.since(0, { below: clip('A') }).map(({ path }) => path),
    ['A', 'A/1.mov', 'A/b/2.mov'],
  );
  t.same(ids(journal.since(0, { from: 1_000_000_003_000 })), [4, 5]);
  t.same(ids(journal.since(1, {}, 2)), [2, 3]);
  t.same(journal.since(0, { kinds: ['flip'] }), []);
});

t.test('the history of a clip goes on under its new name', async (t) => {
  const { journal } = setup(t);
  journal.record(published('old.mov', 4));
  journal.record(published('other.mov', 5));
  journal.record({ ...stale('new.mov'), asset: 4 as AssetId });
  journal.record(stale('new.mov'));
  t.same(ids(journal.historyOf({ path: clip('new.mov'), asset: 4 as AssetId })), [1, 3, 4]);
  t.same(ids(journal.historyOf({ path: clip('old.mov') })), [1]);
});

t.test('the history of a clip has what was asked of all below a folder above it', async (t) => {
  const { journal } = setup(t);
  for (const path of ['', 'A', 'A/b', 'AB', 'A/b/one.mov/c']) {
    journal.record({ kind: 'queued', path: clip(path), facts: { profile: 'edit', jobClass: 'prewarm', count: 2000 } });
  }
  journal.record({ ...stale('A'), asset: undefined });
  const pathsOf = (asset?: AssetId) => journal.historyOf({ path: clip('A/b/one.mov'), asset }).map(({ path }) => path);
  t.same(pathsOf(4 as AssetId), ['', 'A', 'A/b']);
  t.same(pathsOf(), [], 'of a name that is no clip there is none');
});

t.test('routine events are forgotten first, old ones by age, and no id is given twice', async (t) => {
  const { journal, reopen, time } = setup(t, { events: 10, routineEvents: 3, days: 30 });
  journal.record(published('a.mov'));
  for (let n = 0; n < 8; n += 1) journal.record(stale('a.mov'));
  journal.close();
  const again = reopen();
  t.same(ids(again.since(0)), [1, 7, 8, 9], 'who published is kept, what is soon of no interest is not');
  for (let n = 0; n < 12; n += 1) again.record(published('b.mov'));
  again.close();
  const third = reopen();
  t.same(ids(third.since(0)), [12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
  time.now += 31 * 86_400_000;
  const fourth = reopen();
  t.same(fourth.since(0), []);
  fourth.record(stale('c.mov'));
  t.same(ids(fourth.since(0)), [22]);
});

t.test('listeners hear events as they are recorded, until they let go or fail', async (t) => {
  const { journal } = setup(t);
  const controller = new AbortController();
  const heard: number[] = [];
  let failures = 0;
  journal.onEvent(({ id }) => heard.push(id), controller.signal);
  journal.onEvent(() => {
    failures += 1;
    throw new Error('a listener of its own mind');
  }, controller.signal);
  journal.record(stale('a.mov'));
  journal.record(stale('b.mov'));
  controller.abort();
  journal.record(stale('c.mov'));
  t.same(heard, [1, 2]);
  t.equal(failures, 1, 'one that fails is not called again');
});

t.test('what cannot be written is kept for a later try, and recording never throws', async (t) => {
  const { db, journal } = setup(t);
  db.statement('ALTER TABLE event RENAME TO away').run();
  t.doesNotThrow(() => {
    for (let n = 0; n < 1200; n += 1) journal.record(stale('a.mov'));
  });
  db.statement('ALTER TABLE away RENAME TO event').run();
  t.equal(journal.since(0).length, 1200);
});

t.test('what was written although the commit seemed to fail is there once', async (t) => {
  const { db } = setup(t);
  let failures = 1;
  const failing: typeof db = {
    file: db.file,
    statement: (sql, options) => db.statement(sql, options),
    transaction: (body, options) => {
      const result = db.transaction(body, options);
      if (failures-- > 0) throw new Error('disk I/O error');
      return result;
    },
    close: () => db.close(),
  };
  failures = 0;
  const journal = openJournal(failing, { log: silentLogger });
  failures = 1;
  journal.record(stale('a.mov'));
  journal.flush();
  journal.record(stale('b.mov'));
  const paths = () => journal.since(0).map(({ path }) => path);
  t.same(paths(), ['a.mov', 'b.mov']);
  journal.record(stale('c.mov'));
  t.same(paths(), ['a.mov', 'b.mov', 'c.mov']);
});

t.test('recording a hundred thousand events costs little, and memory stays bounded', async (t) => {
  const { journal } = setup(t);
  const started = performance.now();
  for (let n = 0; n < 100_000; n += 1) journal.record(published('A001/A001_C001_0101.mov', n));
  journal.flush();
  const seconds = (performance.now() - started) / 1000;
  t.comment(`${seconds.toFixed(2)} s`);
  t.ok(seconds < 10, 'a generous multiple of what it takes');
});
