import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  chown,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import t from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import { testDriver } from './driver-conformance.js';
import { hostVolume, mountOptions, whyNoMount } from './hosted-volume.js';
import { makeClip, swapTo } from './variant-files.js';

const skip = await whyNoMount();

t.test('the portable driver reads, flips and pins like any driver', { skip }, (t) =>
  testDriver(t, {
    driver: 'portable',
    passthrough: false,
    maps: 'private',
    flips: 1000,
    checkInfo: (t, info) => {
      t.equal(info.via, 'libfuse');
      t.match(info.limits.join('\n'), /main thread/);
      t.match(info.limits.join('\n'), /No kernel passthrough/);
    },
  }),
);

t.test('the portable driver writes to the source what an ordinary folder would hold', { skip }, async (t) => {
  const volume = await hostVolume(t);
  await volume.mount('portable', mountOptions(volume));
  const plain = join(volume.pool, 'plain');
  await mkdir(plain);
  await exerciseFolder(plain);
  await exerciseFolder(volume.mountPoint);
  t.same(await describeTree(volume.source), await describeTree(plain), 'source and plain folder hold the same');
  t.same(await describeTree(volume.mountPoint), await describeTree(plain), 'so does the mount');
  const [shown, real] = [await statfs(volume.mountPoint), await statfs(volume.source)];
  t.equal(shown.blocks * shown.bsize, real.blocks * real.bsize);
  await volume.unmount(false);
});

t.test('the portable driver keeps a removed open file readable', { skip }, async (t) => {
  const volume = await hostVolume(t);
  const clip = await makeClip(volume, 'clip.mov', 64_000, 8_000);
  await volume.mount('portable', mountOptions(volume));
  await volume.commit(await swapTo(volume, clip, 'replace'));
  const held = await open(volume.path('clip.mov'));
  await unlink(volume.path('clip.mov'));
  t.equal((await held.stat()).size, clip.replacement.length);
  t.same(await readdir(volume.mountPoint).then((names) => names.includes('clip.mov')), false);
  await held.close();
  await t.rejects(stat(join(volume.source, 'clip.mov')), { code: 'ENOENT' }, 'unlink acts on the master');
  await volume.unmount(false);
  t.same(await readdir(volume.source), [], 'and leaves nothing behind');
});

t.test(
  'the portable driver keeps the size of a handle through renames and flips of its folder',
  { skip },
  async (t) => {
    const volume = await hostVolume(t);
    const clip = await makeClip(volume, 'a/clip.mov', 64_000, 8_000);
    await volume.mount('portable', mountOptions(volume));
    const master = await open(volume.path('a/clip.mov'));
    await rename(volume.path('a'), volume.path('b'));
    const moved = { ...clip, name: 'b/clip.mov' };
    await volume.commit(await swapTo(volume, moved, 'replace'));
    t.equal((await master.stat()).size, clip.master.length);
    t.equal((await stat(volume.path('b/clip.mov'))).size, clip.replacement.length);
    await rename(volume.path('b'), volume.path('c'));
    t.equal((await master.stat()).size, clip.master.length, 'held names move along with their folder');
    t.same(await readdir(volume.path('c')), ['clip.mov'], 'and are never listed');
    await master.close();
    await volume.unmount(false);
  },
);

t.test('with writes=demote the portable driver drops a written file to its master', { skip }, async (t) => {
  const volume = await hostVolume(t);
  const clip = await makeClip(volume, 'clip.mov', 64_000, 8_000);
  await volume.mount('portable', mountOptions(volume, { writes: 'demote' }));
  await volume.commit(await swapTo(volume, clip, 'replace'));
  const writer = await open(volume.path('clip.mov'), 'r+');
  await writer.write(Buffer.from('XXXXXXXX'), 0, 8, 0);
  await writer.close();
  t.equal((await readFile(join(volume.source, 'clip.mov'))).subarray(0, 8).toString(), 'XXXXXXXX');
  t.equal((await stat(volume.path('clip.mov'))).size, clip.master.length);
  t.ok(await volume.event('demoted', 'clip.mov'));
  await volume.unmount(false);
});

t.test(
  'a user without rights is refused, and what others make belongs to the owner of the folder',
  {
    skip,
  },
  async (t) => {
    const volume = await hostVolume(t);
    await chmod(dirname(volume.source), 0o755);
    await mkdir(join(volume.source, 'shared'));
    await chown(join(volume.source, 'shared'), 65534, 65534);
    await writeFile(join(volume.source, 'private'), 'secret', { mode: 0o600 });
    await volume.mount('portable', mountOptions(volume, { allowOther: true }));
    const asNobody = (script: string) =>
      promisify(execFile)('sh', ['-c', script], { uid: 65534, gid: 65534, cwd: '/', env: process.env });
    await t.rejects(asNobody(`cat '${volume.path('private')}'`), { message: /Permission denied/ });
    await t.rejects(asNobody(`echo x > '${volume.path('file')}'`), { message: /Permission denied/ });
    await asNobody(`umask 027; echo x > '${volume.path('shared/file')}'; mkdir '${volume.path('shared/folder')}'`);
    for (const [name, mode] of [
      ['shared/file', 0o640],
      ['shared/folder', 0o750],
    ] as const) {
      const made = await stat(join(volume.source, name));
      t.same([made.uid, made.gid, made.mode & 0o777], [65534, 65534, mode], name);
    }
    await volume.unmount(false);
  },
);

t.test('touching a swappable file through the mount leaves the master as it was', { skip }, async (t) => {
  const volume = await hostVolume(t);
  const clip = await makeClip(volume, 'clip.mov', 64_000, 8_000);
  await volume.mount('portable', mountOptions(volume));
  for (const kind of ['replace', 'master'] as const) {
    await volume.commit(await swapTo(volume, clip, kind));
    const before = await stat(join(volume.source, 'clip.mov'), { bigint: true });
    const shown = await stat(volume.path('clip.mov'));
    await utimes(volume.path('clip.mov'), shown.atime, shown.mtime);
    const after = await stat(join(volume.source, 'clip.mov'), { bigint: true });
    t.equal(after.mtimeNs, before.mtimeNs, `served as ${kind}`);
  }
  await volume.unmount(false);
});

t.test('a mount point that does not fit is refused in a sentence', { skip }, async (t) => {
  const volume = await hostVolume(t);
  const at = (mountPoint: string) => mountOptions(volume, { mountPoint: toRealPath(mountPoint) });
  await mkdir(join(volume.source, 'inside'));
  await writeFile(join(volume.pool, 'file'), '');
  await t.rejects(volume.mount('portable', at(join(volume.source, 'inside'))), { code: 'mountpoint/inside-source' });
  await t.rejects(volume.mount('portable', at(volume.pool)), { code: 'mountpoint/not-empty' });
  await t.rejects(volume.mount('portable', at(`${volume.mountPoint}-absent`)), { code: 'mountpoint/missing' });
  t.notOk(await volume.isMounted());
});

t.test('a daemon that exits takes its portable mount down', { skip }, async (t) => {
  const volume = await hostVolume(t);
  await writeFile(join(volume.source, 'notes.txt'), 'notes');
  await volume.mount('portable', mountOptions(volume));
  const held = await open(volume.path('notes.txt'));
  await volume.exit();
  t.notOk(await volume.isMounted(), 'even with a file open');
  await t.rejects(held.stat(), { code: 'ENOTCONN' });
  await held.close().catch(() => undefined);
});

/** A day's work in a folder, without anything that differs from run to run. */
async function exerciseFolder(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name);
  await mkdir(at('cache'), { mode: 0o750 });
  await writeFile(at('cache/peaks.pek'), Buffer.alloc(300_000, 'p'));
  await writeFile(at('project.drp'), 'version 1\n', { mode: 0o640 });
  await appendFile(at('project.drp'), 'version 2\n');
  await writeFile(at('project.tmp'), 'version 3\n');
  await rename(at('project.tmp'), at('project.drp'));
  await truncate(at('cache/peaks.pek'), 4096);
  await link(at('cache/peaks.pek'), at('peaks.link'));
  await symlink('cache/peaks.pek', at('peaks.sym'));
  await mkdir(at('renders/old'), { recursive: true });
  await rm(at('renders/old'), { recursive: true });
  await utimes(at('project.drp'), 1_000_000_000.5, 1_100_000_000.25);
  const file = await open(at('sparse'), 'w+');
  await file.write('end', 1_000_000);
  await file.sync();
  await file.truncate(1_000_001);
  await file.close();
}

/** Names, kinds, rights, sizes, links and contents below a folder, and the one time that was set. */
async function describeTree(folder: string): Promise<Record<string, unknown>> {
  const tree: Record<string, unknown> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode, size, nlink, uid, mtimeMs } = await stat(path);
    const content = entry.isFile() ? (await readFile(path)).toString('base64') : '';
    const times = entry.name === 'project.drp' ? mtimeMs : 0;
    const kind = entry.isSymbolicLink() ? 'link' : '';
    tree[path.slice(folder.length)] = { mode, size: entry.isDirectory() ? 0 : size, nlink, uid, content, times, kind };
  }
  return tree;
}
