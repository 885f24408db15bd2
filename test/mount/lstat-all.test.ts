import { lstatSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { errnoOf } from '../../src/base/error.js';
import type { RealPath } from '../../src/base/paths.js';
import { lstatAll } from '../../src/mount/lstat-all.js';
import { addonIfBuilt } from '../../src/mount/native-loader.js';

const addon = addonIfBuilt();
const skip = addon === undefined ? 'the addon is not built' : false;

t.test('of many paths each is told as lstat tells it, in their order', async (t) => {
  const folder = t.testdir({});
  const names = Array.from({ length: 100 }, (_, index) => `clip ${index} ö.mov`);
  for (const [index, name] of names.entries()) {
    writeFileSync(join(folder, name), Buffer.alloc(index));
    utimesSync(join(folder, name), 0, index % 2 === 0 ? -index - 0.25 : index * 1e6 + 0.5);
  }
  mkdirSync(join(folder, 'sub'));
  symlinkSync('clip 1 ö.mov', join(folder, 'link'));
  const paths = [...names, 'sub', 'link'].map((name) => join(folder, name) as RealPath);
  const told = await lstatAll(paths);
  const expected = paths.map((path) => {
    const { ctimeNs, dev, ino, mtimeNs, size } = lstatSync(path, { bigint: true });
    const kind = path.endsWith('.mov') ? 'file' : path.endsWith('sub') ? 'folder' : 'other';
    return { kind, dev, ino, size, mtimeNs, ctimeNs };
  });
  t.strictSame(told, expected);
  t.strictSame(await lstatAll([]), []);
});

t.test('what cannot be looked at is an error in its place, and the others are told', async (t) => {
  const folder = t.testdir({ 'a.mov': 'a', 'b.mov': 'bb' });
  const paths = ['a.mov', 'gone.mov', 'a.mov/below', 'n'.repeat(300), 'b.mov'].map(
    (name) => join(folder, name) as RealPath,
  );
  const told = await lstatAll(paths);
  t.same(
    told.map((each) => (each instanceof Error ? errnoOf(each) : each.size)),
    [1n, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 2n],
  );
  t.match(told[1], { message: /no such file or directory/ }, 'in words');
});

t.test('the addon takes paths that each have an end, and nothing else', { skip }, (t) => {
  t.throws(() => addon?.lstatAll(Buffer.from('/tmp')), TypeError);
  t.throws(() => addon?.lstatAll('/tmp' as unknown as Buffer), TypeError);
  t.end();
});
