/** A source on a disk mounted `noexec` or `ro`: what may not be run or written there may not be through the mount. */

import { execFile } from 'node:child_process';
import { access, chmod, constants, mkdir, mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import { hostVolume, mountOptions, whyNoMount } from './hosted-volume.js';

const run = promisify(execFile);
const skip = await whyNoMount();

for (const [how, disable] of [
  ['mounted directly', {}],
  ['mounted by fusermount3', { directMount: true }],
] as const) {
  t.test(`programs run through a mount where they run on its source, ${how}`, { skip }, async (t) => {
    for (const [options, forbidden] of [
      ['noexec', true],
      ['exec', false],
    ] as const) {
      const disk = await mkdtemp(join(tmpdir(), 'proxyfs-disk-'));
      await run('mount', ['-t', 'tmpfs', '-o', `size=1m,${options}`, 'proxyfs-test', disk]);
      t.teardown(async () => {
        await run('umount', ['-l', disk]);
        await rm(disk, { recursive: true });
      });
      const volume = await hostVolume(t);
      await volume.mount('native', { ...mountOptions(volume, { disable }), source: toRealPath(disk) });
      await writeFile(volume.path('program'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      const outcome = await run(volume.path('program')).then(
        () => 'ran',
        (error: NodeJS.ErrnoException) => error.code,
      );
      t.equal(outcome, forbidden ? 'EACCES' : 'ran', `source mounted ${options}`);
      await volume.unmount(false);
    }
  });
}

t.test('a disk mounted read-only lets nothing be written, though access() does not say so', { skip }, async (t) => {
  const disk = await mkdtemp(join(tmpdir(), 'proxyfs-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'proxyfs-test', disk]);
  t.teardown(async () => {
    await run('umount', ['-l', disk]);
    await rm(disk, { recursive: true });
  });
  await writeFile(join(disk, 'notes.txt'), 'scene 12');
  await run('mount', ['-o', 'remount,ro', disk]);
  const volume = await hostVolume(t);
  await volume.mount('native', { ...mountOptions(volume), source: toRealPath(disk) });
  const inBoth = (name: string) => [join(disk, name), volume.path(name)];
  for (const path of inBoth('notes.txt')) {
    await t.rejects(writeFile(path, 'x', { flag: 'r+' }), { code: 'EROFS' }, 'writing');
    await t.rejects(writeFile(`${path}.new`, 'x'), { code: 'EROFS' }, 'making');
    await t.rejects(unlink(path), { code: 'EROFS' }, 'removing');
    await t.rejects(rename(path, `${path}.old`), { code: 'EROFS' }, 'renaming');
  }
  await t.rejects(access(join(disk, 'notes.txt'), constants.W_OK), { code: 'EROFS' }, 'the disk itself says so');
  await access(volume.path('notes.txt'), constants.W_OK);
  await volume.unmount(false);
});

t.test('a mount made by root gives users the blocks that ext4 reserves for root', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'proxyfs-disk-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [image, disk] = [join(folder, 'image'), join(folder, 'disk')];
  await chmod(folder, 0o755);
  await mkdir(disk);
  await run('truncate', ['-s', '40M', image]);
  await run('mkfs.ext4', ['-q', '-m', '40', '-O', '^has_journal', image]);
  await run('mount', ['-o', 'loop', image, disk]);
  t.teardown(() => run('umount', ['-l', disk]));
  await chmod(disk, 0o777);
  const volume = await hostVolume(t);
  await volume.mount('native', { ...mountOptions(volume), source: toRealPath(disk), allowOther: true });
  await chmod(dirname(volume.path('')), 0o755);
  const allocate = (path: string) =>
    run('setpriv', ['--reuid=65534', '--clear-groups', 'fallocate', '-l', '30M', path]);
  await t.rejects(allocate(join(disk, 'file')), { message: /No space left/ });
  await rm(join(disk, 'file'), { force: true });
  await allocate(volume.path('file'));
  await volume.unmount(false);
});
