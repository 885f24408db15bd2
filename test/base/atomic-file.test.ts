import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { writeFileAtomic } from '../../src/base/atomic-file.js';

t.test('a file is replaced whole and nothing is left beside it', async (t) => {
  const dir = t.testdir({ 'a.json': 'old' });
  await writeFileAtomic(join(dir, 'a.json'), 'new');
  t.equal(readFileSync(join(dir, 'a.json'), 'utf8'), 'new');
  t.strictSame(readdirSync(dir), ['a.json']);
});

t.test('a failed write leaves the old content and no part', async (t) => {
  const dir = t.testdir({ target: { full: 'x' } });
  await t.rejects(writeFileAtomic(join(dir, 'target'), 'new'), { code: 'EISDIR' });
  t.strictSame(readdirSync(dir), ['target']);
  writeFileSync(join(dir, 'other'), 'x');
  await t.rejects(writeFileAtomic(join(dir, 'other', 'a'), 'new'), { code: 'ENOTDIR' });
});
