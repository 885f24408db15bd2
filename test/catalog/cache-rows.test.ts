import { join } from 'node:path';
import t from 'tap';
import type { PoolKey } from '../../src/base/ids.js';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import { createCacheBook } from '../../src/catalog/cache-rows.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { openDatabase } from '../../src/store/database.js';

const KEYS = ['a0', 'a1', 'a1', 'af', 'b0'] as PoolKey[];

t.test('proxies are read in pages, none of which parts the assets of one proxy', async (t) => {
  const db = openDatabase(join(t.testdir(), 'catalog.db') as RealPath);
  const [catalog, book] = [createCatalog(db), createCacheBook(db)];
  t.teardown(() => catalog.close());
  for (const [index, poolKey] of KEYS.entries()) {
    const guard = { size: 1n, mtimeNs: 1n };
    const file = { path: `${index}.mov` as VirtualPath, identity: { dev: 1n, ino: BigInt(index + 1) }, master: guard };
    const { asset } = catalog.observe(file);
    catalog.recordVariant({ asset: asset.id, profile: 'edit', poolKey, extension: '.mov', size: 1, guard });
  }
  const all = book.objects().map(({ key, owners }) => [key, owners.length]);
  const wanted = [
    ['a0', 1],
    ['a1', 2],
    ['af', 1],
    ['b0', 1],
  ];
  t.same(all, wanted);
  const pages: unknown[] = [];
  for (let page = book.objects('', 2); page.length > 0; page = book.objects(page.at(-1)?.key, 2)) {
    t.ok(page.length <= 2);
    pages.push(...page.map(({ key, owners }) => [key, owners.length]));
  }
  t.same(pages, wanted);
  t.same([...book.keysOf('a')], ['a0', 'a1', 'af']);
  t.same([...book.keysOf('af')], ['af']);
  t.same([...book.keysOf('c')], []);
  t.equal(book.objects('b0' as PoolKey, 2).length, 0);
});
