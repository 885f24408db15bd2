import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { makeDirectory } from '../../src/base/make-directory.js';

const dir = await mkdtemp(join(tmpdir(), 'proxyfs-make-directory-'));
t.teardown(() => rm(dir, { recursive: true, force: true }));

t.test('what is missing is made, by as many as ask at once, and what is there stays', async (t) => {
  const deep = join(dir, 'a', 'b', 'c');
  await Promise.all([makeDirectory(deep, 0o700), makeDirectory(deep, 0o700), makeDirectory(join(dir, 'a', 'x'))]);
  t.equal((await stat(deep)).mode & 0o777, 0o700);
  await chmod(deep, 0o750);
  await makeDirectory(deep, 0o700);
  t.equal((await stat(deep)).mode & 0o777, 0o750);
  await makeDirectory('/');
});

t.test('a place where there can be no folder is refused at once, with its name', async (t) => {
  await mkdir(join(dir, 'plain'), { recursive: true });
  await writeFile(join(dir, 'file'), '');
  const inProc = { code: 'request/invalid', message: /\/proc\/nothing-of-that-name/ };
  await t.rejects(makeDirectory('/proc/nothing-of-that-name'), inProc);
  await t.rejects(makeDirectory('/proc/nothing-of-that-name/deeper/still'), inProc);
  await t.rejects(makeDirectory(join(dir, 'file')), { code: 'request/invalid', message: /a file is in the way/ });
  await t.rejects(makeDirectory(join(dir, 'file', 'below')), { code: 'request/invalid' });
  await t.rejects(makeDirectory(join(dir, 'n'.repeat(300))), { code: 'system/io', message: /ENAMETOOLONG/ });
});
