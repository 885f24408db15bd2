import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import type { RealPath } from '../../src/base/paths.js';
import { openDatabase } from '../../src/store/database.js';

const fileIn = (test: Tap) => join(test.testdir(), 'state', 'catalog.db') as RealPath;
type Tap = { testdir(): string };
const holder = new URL('../fixtures/hold-database.js', import.meta.url).pathname;

t.test('a database is created with its directory, and keeps what was committed', async (t) => {
  const file = fileIn(t);
  const db = openDatabase(file);
  db.statement("INSERT INTO mode_override VALUES ('a', 'proxy')").run();
  db.close();
  const again = openDatabase(file);
  t.same(again.statement<{ path: string }>('SELECT path FROM mode_override').all(), [{ path: 'a' }]);
  again.close();
  again.close();
});

t.test('a failed transaction leaves nothing, and a nested one joins the outer', async (t) => {
  const db = openDatabase(fileIn(t));
  const insert = db.statement("INSERT INTO mode_override VALUES (?, 'proxy')");
  const count = () => db.statement<{ n: number }>('SELECT count(*) AS n FROM mode_override').get()?.n;
  t.throws(() =>
    db.transaction(() => {
      db.transaction(() => insert.run('inner'), { durable: true });
      throw new Error('after the inner one');
    }),
  );
  t.equal(count(), 0);
  db.transaction(() => insert.run('kept'), { durable: true });
  t.equal(count(), 1);
  db.close();
});

t.test('integers of 64 bits come back exactly', async (t) => {
  const db = openDatabase(fileIn(t));
  const row = db.statement<{ n: bigint }>('SELECT ? AS n', { bigint: true }).get(-(2n ** 63n));
  t.equal(row?.n, -(2n ** 63n));
  db.close();
});

t.test('foreign keys are enforced', async (t) => {
  const db = openDatabase(fileIn(t));
  t.throws(() => db.statement("INSERT INTO name VALUES ('x', 99)").run(), { code: 'internal', message: /FOREIGN KEY/ });
  db.close();
});

t.test('another holder in this process is refused, and gets in once the first is closed', async (t) => {
  const file = fileIn(t);
  const db = openDatabase(file);
  t.throws(() => openDatabase(file, { waitMilliseconds: 0 }), { code: 'store/held', message: /in use by another/ });
  db.close();
  openDatabase(file).close();
});

t.test('a process that holds the database loses it by SIGKILL and leaves the last commit', async (t) => {
  const file = fileIn(t);
  for (let round = 1; round <= 3; round += 1) {
    const child = spawn(process.execPath, [holder, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    t.throws(() => openDatabase(file, { waitMilliseconds: 0 }), { code: 'store/held' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const db = openDatabase(file);
    const rows = db.statement<{ n: number }>('SELECT count(*) AS n FROM mode_override').get();
    t.equal((rows?.n ?? 1) % 10, 0, 'transactions of ten rows are there completely or not at all');
    t.ok((rows?.n ?? 0) >= round * 10);
    db.close();
  }
});

t.test('what is no database, or a torn one, is reported as damaged with the way out', async (t) => {
  const file = fileIn(t);
  const db = openDatabase(file);
  const insert = db.statement("INSERT INTO mode_override VALUES (?, 'proxy')");
  db.transaction(() => {
    for (let index = 0; index < 5000; index += 1) insert.run(`some/long/path/${index}`);
  });
  db.close();
  truncateSync(file, readFileSync(file).length - 8192);
  t.throws(() => openDatabase(file), { code: 'store/damaged', message: /move it .* away and start again/ });
  const text = join(t.testdir(), 'text.db') as RealPath;
  writeFileSync(text, 'this is not a database, '.repeat(100));
  t.throws(() => openDatabase(text), { code: 'store/damaged' });
  t.match(readFileSync(text, 'utf8'), /^this is not/, 'and is left as it is');
});

t.test('a page that rotted is found before it is used', async (t) => {
  const file = fileIn(t);
  openDatabase(file).close();
  const bytes = readFileSync(file);
  bytes.fill(0xff, 3 * 4096, 4 * 4096);
  writeFileSync(file, bytes);
  t.throws(() => openDatabase(file), { code: 'store/damaged' });
});

t.test('a directory in the way and a missing permission are no crash', async (t) => {
  const directory = t.testdir({ 'catalog.db': {}, file: '' });
  const code = (path: string) => {
    try {
      openDatabase(join(directory, path) as RealPath).close();
      return 'opened';
    } catch (error) {
      return error instanceof ProxyfsError ? error.code : String(error);
    }
  };
  t.match(code('catalog.db'), /^system\//);
  t.match(code('file/catalog.db'), /^system\//);
});

t.test('migrations run once, in order, and all or none', async (t) => {
  const file = fileIn(t);
  const first = { version: 1, sql: 'CREATE TABLE one (a TEXT);' };
  const second = { version: 2, sql: "INSERT INTO one VALUES ('x'); CREATE TABLE two (b TEXT);" };
  const wrong = { version: 3, sql: 'CREATE TABLE three (c TEXT); INSERT INTO nowhere VALUES (1);' };
  openDatabase(file, { migrations: [first] }).close();
  t.throws(() => openDatabase(file, { migrations: [first, second, wrong] }), /nowhere/);
  const db = openDatabase(file, { migrations: [first, second] });
  t.same(db.statement<{ a: string }>('SELECT a FROM one').all(), [{ a: 'x' }], 'the failed attempt left no row');
  const tables = db.statement<[string]>("SELECT name FROM sqlite_schema WHERE type = 'table'", { raw: true }).all();
  t.same(tables.flat().sort(), ['one', 'two']);
  db.close();
  openDatabase(file, { migrations: [first, second] }).close();
  t.throws(() => openDatabase(file, { migrations: [second] }), /numbered 2/);
});

t.test('a database of a newer proxyfs is refused with a sentence and left alone', async (t) => {
  const file = fileIn(t);
  const migrations = [1, 2, 3].map((version) => ({ version, sql: `CREATE TABLE t${version} (a);` }));
  openDatabase(file, { migrations }).close();
  t.throws(() => openDatabase(file, { migrations: migrations.slice(0, 2) }), {
    message: /written by a newer proxyfs \(schema 3; this one knows up to 2\): update/,
  });
  openDatabase(file, { migrations }).close();
});

t.test('nothing but the database is left beside it after closing', async (t) => {
  const file = fileIn(t);
  openDatabase(file).close();
  t.notOk(existsSync(`${file}-wal`));
  t.notOk(existsSync(`${file}-shm`));
});
