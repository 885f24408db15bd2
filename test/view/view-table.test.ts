/** The columns against a plain map: whatever is set and deleted, both say the same. */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import type { AssetId } from '../../src/base/ids.js';
import type { RealPath } from '../../src/base/paths.js';
import type { Swap } from '../../src/mount/driver.js';
import { identityOf, type ViewEntry, type ViewKey, viewKey } from '../../src/view/view.js';
import { ViewTable } from '../../src/view/view-table.js';

const swap: fc.Arbitrary<Swap> = fc.oneof(
  fc.constant({ kind: 'master' } as const),
  fc.constant({ kind: 'deny' } as const),
  fc.record(
    {
      kind: fc.constant('replace' as const),
      // Bytes in the table: lengths, and characters of more than one byte, matter.
      replacement: fc.string({ unit: 'grapheme', maxLength: 40 }).map((name) => `/pool/${name}.mov` as RealPath),
      mtimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      guard: fc.record(
        { size: fc.bigInt({ min: 0n, max: 2n ** 62n }), mtimeNs: fc.bigInt({ min: -5n, max: 2n ** 62n }) },
        { noNullPrototype: true },
      ),
    },
    { noNullPrototype: true },
  ),
);
const entry = fc.record({
  id: fc.integer({ min: 1, max: 12 }).map((id) => id as AssetId),
  ino: fc.bigInt({ min: 1n, max: 12n }).map((ino) => (ino === 12n ? 2n ** 64n - 1n : ino)),
  mode: fc.constantFrom('proxy' as const, 'master' as const),
  swap,
  reason: fc.string({ maxLength: 5 }),
  profile: fc.constantFrom('', 'edit', 'light'),
});
const steps = fc.array(fc.tuple(fc.boolean(), entry), { maxLength: 120 });

function play(list: readonly (readonly [boolean, { ino: bigint } & Omit<ViewEntry, 'asset'>])[]) {
  const [table, model] = [new ViewTable(), new Map<ViewKey, ViewEntry>()];
  for (const [isDelete, { ino, ...rest }] of list) {
    const asset = { dev: 2n ** 63n, ino };
    const key = viewKey(asset);
    if (isDelete) {
      table.delete(key);
      model.delete(key);
    } else {
      table.set(key, { ...rest, asset });
      model.set(key, { ...rest, asset });
    }
  }
  return { table, model };
}

t.test('a table says what was put into it', (t) => {
  fc.assert(
    fc.property(steps, (list) => {
      const { table, model } = play(list);
      const same = new Map([...table.keys()].map((key) => [key, table.get(key)]));
      t.strictSame(same, model);
      t.equal(table.size, model.size);
      const keys = new Set(Array.from(table.values(), ({ asset }) => viewKey(asset)));
      t.strictSame(keys, new Set(model.keys()));
      t.equal([...table.values()].length, model.size, 'each once');
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('two tables agree on a key exactly when their entries are equal', (t) => {
  fc.assert(
    fc.property(steps, steps, (first, second) => {
      const [a, b] = [play([...first, ...second]), play([...second, ...first])];
      for (const [key, value] of a.model) {
        const other = b.model.get(key);
        const isEqual = other !== undefined && isDeepStrictEqual(value, other);
        if (a.table.agreesWith(b.table, key) !== isEqual) return false;
      }
      return true;
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('an asset is found where it was put last', (t) => {
  const table = new ViewTable();
  const put = (id: number, ino: bigint) => {
    const asset = { dev: 1n, ino };
    table.set(viewKey(asset), {
      id: id as AssetId,
      asset,
      mode: 'proxy',
      swap: { kind: 'master' },
      reason: '',
      profile: '',
    });
  };
  const whereIs = (id: number) => {
    const key = table.keyOf(id as AssetId);
    return key === undefined ? undefined : identityOf(key).ino;
  };
  put(1, 10n);
  put(2, 10n);
  t.same([whereIs(1), whereIs(2)], [undefined, 10n], 'its place was taken by another asset');
  put(1, 11n);
  table.delete(viewKey({ dev: 1n, ino: 10n }));
  t.same([whereIs(1), whereIs(2)], [11n, undefined]);
  t.end();
});

t.test('a large table finds each of its entries, by file and by asset, while others come and go', (t) => {
  const table = new ViewTable();
  const count = 20_000;
  // Inode numbers as file systems give them: dense, and in places far apart; on two devices.
  const keyAt = (index: number): ViewKey =>
    viewKey({ dev: BigInt(1 + (index % 2)), ino: BigInt(index) + (index % 3 === 0 ? 2n ** 40n : 0n) });
  const put = (index: number) =>
    table.set(keyAt(index), {
      ...{ id: (index + 1) as AssetId, asset: identityOf(keyAt(index)), mode: 'master', swap: { kind: 'master' } },
      ...{ reason: String(index % 7), profile: '' },
    });
  for (let index = 0; index < count; index += 1) put(index);
  for (let index = 0; index < count; index += 3) table.delete(keyAt(index));
  for (let index = 0; index < count; index += 6) put(index);
  let wrong = 0;
  for (let index = 0; index < count; index += 1) {
    const isThere = index % 3 !== 0 || index % 6 === 0;
    const [key, entry] = [keyAt(index), table.get(keyAt(index))];
    const found = isThere ? entry?.id === index + 1 && entry.reason === String(index % 7) : entry === undefined;
    const byId = table.keyOf((index + 1) as AssetId) === (isThere ? key : undefined);
    if (!found || !byId || table.has(key) !== isThere) wrong += 1;
  }
  t.equal(wrong, 0);
  t.equal([...table.keys()].length, table.size);
  t.equal(table.size, count - Math.ceil(count / 3) + Math.ceil(count / 6));
  t.end();
});
