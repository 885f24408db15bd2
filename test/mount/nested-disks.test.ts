/** A source with another disk mounted below it, whose inode numbers are those of the source's own files. */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import { hostVolume, mountOptions, whyNoMount } from './hosted-volume.js';

const run = promisify(execFile);
const skip = await whyNoMount();

t.test('files of a disk below the source are not taken for those of the source', { skip }, async (t) => {
  const source = await mkdtemp(join(tmpdir(), 'proxyfs-disk-'));
  t.teardown(() => rm(source, { recursive: true }));
  await mountDisk(t, source);
  await mkdir(join(source, 'card'));
  await mountDisk(t, join(source, 'card'));
  await writeFile(join(source, 'one.txt'), 'of the source');
  await writeFile(join(source, 'card', 'two.txt'), 'of the card');
  const inodeOf = async (path: string) => (await stat(path, { bigint: true })).ino;
  const pairs = [
    ['', 'card'],
    ['one.txt', 'card/two.txt'],
  ] as const;
  const equal = async (path: (name: string) => string) => {
    const found = await Promise.all(pairs.map((pair) => Promise.all(pair.map((name) => inodeOf(path(name))))));
    return found.some(([first, second]) => first === second);
  };
  t.ok(await equal((name) => join(source, name)), 'two such disks deal the same numbers');

  const volume = await hostVolume(t);
  await volume.mount('native', { ...mountOptions(volume), source: toRealPath(source) });
  t.notOk(await equal((name) => volume.path(name)), 'the mount, which is one device, does not');
  t.equal(await inodeOf(volume.path('one.txt')), await inodeOf(join(source, 'one.txt')), 'the source keeps its own');
  const { stdout } = await run('find', [volume.mountPoint, '-printf', '%P %i\n']);
  const listed = new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]));
  t.equal(listed.get('card/two.txt'), String(await inodeOf(volume.path('card/two.txt'))), 'find sees no loop');
  const names = await run('ls', ['-i', volume.path('card')]);
  t.match(names.stdout, new RegExp(`^ *${listed.get('card/two.txt')} two.txt`), 'a listing says the same');
  t.same(await readdir(volume.path('card')), ['two.txt']);
  await run('cp', [volume.path('one.txt'), volume.path('card/two.txt')]);
  t.equal(
    await readFile(join(source, 'card', 'two.txt'), 'utf8'),
    'of the source',
    'cp does not call them the same file',
  );
  await copyFile(volume.path('card/two.txt'), volume.path('three.txt'));
  await volume.unmount(false);
});

async function mountDisk(t: Test, place: string): Promise<void> {
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'proxyfs-test', place]);
  t.teardown(() => run('umount', ['-l', place]));
}
