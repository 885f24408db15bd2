import { readdirSync, readFileSync, statSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { createLogger } from '../../src/log/logger.js';

const hasFull = await access('/dev/full').then(
  () => true,
  () => false,
);

t.test(
  'a full disk costs the lines of a log and nothing else',
  hasFull ? {} : { skip: 'needs /dev/full' },
  async (t) => {
    const log = createLogger({ kind: 'file', path: '/dev/full' as RealPath });
    for (let line = 0; line < 20; line += 1) log.error({ line }, 'x'.repeat(10_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.pass('nobody was interrupted');
  },
);

t.test('a log is rotated at its size, without a torn line, also when it is opened again', async (t) => {
  const path = join(t.testdir(), 'state', 'proxyfsd.log') as RealPath;
  const names = () => readdirSync(dirname(path)).sort();
  const lines = (name: string) =>
    readFileSync(join(dirname(path), name), 'utf8')
      .trimEnd()
      .split('\n');
  for (let start = 0; start < 10; start += 1) {
    const log = createLogger({ kind: 'file', path, maxBytes: 1000 });
    for (let line = 0; line < 10; line += 1) log.info({ number: start * 10 + line }, 'one of a hundred');
  }
  t.same(names(), ['proxyfsd.log', 'proxyfsd.log.1', 'proxyfsd.log.2', 'proxyfsd.log.3', 'proxyfsd.log.4']);
  const numbers = [...names()]
    .reverse()
    .flatMap((name) => lines(name).map((line) => JSON.parse(line).number as number));
  t.equal(numbers.at(-1), 99);
  t.same(
    numbers,
    Array.from(numbers, (_, index) => 100 - numbers.length + index),
    'the newest lines, none lost or torn',
  );
  for (const name of names()) t.ok(statSync(join(dirname(path), name)).size <= 1000, name);
});
