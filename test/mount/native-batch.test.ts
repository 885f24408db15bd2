import t from 'tap';
import { type RealPath, toRealPath } from '../../src/base/paths.js';
import type { SwapChange } from '../../src/mount/driver.js';
import type { NativeStrings } from '../../src/mount/native-addon.js';
import { packChanges, unpackResult } from '../../src/mount/native-batch.js';
import { readStrings, StringTable } from '../../src/mount/native-strings.js';

const MASTER: SwapChange = { asset: { dev: 1n, ino: 2n }, swap: { kind: 'master' }, reason: 'told so', profile: '' };

t.test('each change is one row of numbers and columns', (t) => {
  const replace: SwapChange = {
    asset: { dev: 64_769n, ino: 0xffff_ffff_ffff_fff0n },
    swap: {
      kind: 'replace',
      replacement: toRealPath('/pool/ä/proxy.mov'),
      mtimeNs: -1n,
      guard: { size: 10n, mtimeNs: 1_700_000_000_123_456_789n },
    },
    reason: 'told so',
    profile: 'proxy_prores_proxy',
    onlyIfIdle: true,
  };
  const removed: SwapChange = { asset: { dev: 1n, ino: 3n }, swap: undefined, reason: '', profile: '' };
  const denied: SwapChange = { asset: { dev: 1n, ino: 4n }, swap: { kind: 'deny' }, reason: 'no proxy', profile: '' };
  const batch = packChanges([replace, MASTER, removed, denied]);
  t.equal(batch.count, 4);
  t.strictSame([...batch.numbers.slice(0, 5)], [64_769n, -16n, 10n, 1_700_000_000_123_456_789n, -1n]);
  t.strictSame([...batch.numbers.slice(5, 10)], [1n, 2n, 0n, 0n, 0n]);
  const strings = readStrings(batch.strings);
  const rows = [0, 1, 2, 3].map((row) => {
    const [action, flags, ...texts] = batch.columns.slice(row * 5, row * 5 + 5);
    return [action, flags, ...texts.map((index) => strings[index])];
  });
  t.strictSame(rows, [
    [2, 1, '/pool/ä/proxy.mov', 'told so', 'proxy_prores_proxy'],
    [1, 0, '', 'told so', ''],
    [0, 0, '', '', ''],
    [3, 0, '', 'no proxy', ''],
  ]);
  t.equal(strings.filter((text) => text === 'told so').length, 1, 'a repeated text is kept once');
  t.end();
});

t.test('strings survive growing tables, whatever their length in UTF-8', (t) => {
  const texts = Array.from({ length: 3_000 }, (_, index) => '漢'.repeat(index % 50) + index);
  const table = new StringTable(1);
  for (const text of texts) table.add(text);
  t.strictSame(readStrings(table.finish()), texts);
  t.end();
});

t.test('an empty commit is an empty batch', (t) => {
  const batch = packChanges([]);
  t.match(batch, { count: 0, numbers: { length: 0 }, columns: { length: 0 } });
  t.end();
});

t.test('a result names busy assets by their unsigned identity and known paths as text', (t) => {
  const known: NativeStrings = { bytes: Buffer.from('a.movb/c.mov'), ends: Uint32Array.of(5, 12) };
  const result = unpackResult({
    epoch: 3,
    changed: 2,
    busy: BigInt64Array.of(1n, -16n),
    known,
    tableNs: 10,
    kernelNs: 20,
  });
  t.strictSame(result, {
    epoch: 3,
    changed: 2,
    busy: [{ dev: 1n, ino: 0xffff_ffff_ffff_fff0n }],
    known: ['a.mov', 'b/c.mov'],
    tableNs: 10,
    kernelNs: 20,
  });
  t.end();
});

t.test('100,000 changes are packed in less time than a commit may take', (t) => {
  const changes = Array.from(
    { length: 100_000 },
    (_, index): SwapChange => ({
      ...MASTER,
      swap: {
        kind: 'replace',
        replacement: `/pool/${index.toString(16).padStart(64, '0')}/proxy.mov` as RealPath,
        mtimeNs: BigInt(index),
        guard: { size: 1n, mtimeNs: 2n },
      },
    }),
  );
  const begun = performance.now();
  const batch = packChanges(changes);
  t.comment(`packed in ${(performance.now() - begun).toFixed(0)} ms`);
  t.ok(performance.now() - begun < 500);
  t.equal(readStrings(batch.strings).length, 100_000 + 2);
  t.end();
});
