import t from 'tap';
import { formatSize, parseSize, writeSize } from '../../src/base/byte-size.js';

t.test('sizes are shown in powers of 1000, with one decimal place', async (t) => {
  t.strictSame([0, 999, 1000, 999_949, 999_950, 12_345_678, 5e15].map(formatSize), [
    ...['0 B', '999 B', '1.0 kB', '999.9 kB', '1.0 MB', '12.3 MB', '5.0 PB'],
  ]);
});

t.test('what is written as a size is shown as the same number', async (t) => {
  for (const [text, bytes, shown] of [
    ['500G', 500e9, '500.0 GB'],
    ['1m', 1e6, '1.0 MB'],
    [' 1.5 TB ', 1.5e12, '1.5 TB'],
    ['250K', 250_000, '250.0 kB'],
    ['1500', 1500, '1.5 kB'],
    ['512MiB', 512 * 1024 ** 2, '536.9 MB'],
    ['2Gi', 2 * 1024 ** 3, '2.1 GB'],
  ] as const) {
    t.equal(parseSize(text), bytes, text);
    t.equal(formatSize(bytes), shown, `${text} is shown as ${shown}`);
  }
  for (const text of ['', 'G', '-1', '1 GG', '1e9', '5 X', '80%', '1.G']) t.equal(parseSize(text), undefined, text);
});

t.test('a size is written so that it is read back exactly', async (t) => {
  t.strictSame([0, 1, 1000, 2e9, 1.5e12, 2 * 1024 ** 3, 1025, 1024].map(writeSize), [
    ...['0', '1', '1K', '2G', '1500G', '2Gi', '1025', '1Ki'],
  ]);
  for (const bytes of [0, 7, 1e3, 123_456_000, 3 * 1024 ** 4, 900e12]) t.equal(parseSize(writeSize(bytes)), bytes);
});
