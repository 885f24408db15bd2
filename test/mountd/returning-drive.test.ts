/** The source's own drive is pulled out and connected again while the project stays mounted. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, truncateSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { driveObstacle } from '../fixtures/failing-drive.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

t.setTimeout(240_000);
const obstacle = (await generationObstacle()) ?? driveObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const run = (program: string, ...words: string[]) => execFileSync(program, words, { encoding: 'utf8' }).trim();

async function stage(t: Test) {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-returning-')));
  const [source, mountPoint, stateDir] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'state')];
  for (const path of [source, mountPoint]) await mkdir(path);
  process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
  process.env['PROXYFS_SETTLE_MS'] = '50';
  const devices: string[] = [];
  const connectDrive = (image: string) => {
    const device = run('losetup', '--find', '--show', image);
    devices.push(device);
    run('mount', device, source);
  };
  const makeDrive = (name: string) => {
    const image = join(dir, name);
    run('truncate', '-s', '32M', image);
    run('mkfs.ext4', '-q', '-F', image);
    return image;
  };
  t.teardown(async () => {
    run('umount', '--all-targets', '--lazy', source);
    for (const device of devices) run('losetup', '--detach', device);
    await rm(dir, { recursive: true, force: true });
  });
  const mounted = async () => await connect(await launchDaemon({ source, mountPoint, stateDir, workers: 1 }));
  return { dir, source, mountPoint, connectDrive, makeDrive, mounted };
}

t.test('a drive that was pulled out is shown again when it is back, under another device', skip, async (t) => {
  const { dir, source, mountPoint, connectDrive, makeDrive, mounted } = await stage(t);
  const image = makeDrive('drive.img');
  connectDrive(image);
  for (const name of ['a.mov', 'b.mov']) await makeClip(source, name, { frames: 20, audio: [] });
  await writeFile(join(source, 'notes.txt'), 'first');
  const client = await mounted();
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  await client.call('prewarm', { paths: [''], wait: true });
  const proxy = await readFile(join(mountPoint, 'a.mov'));
  const done = (await client.call('status', {})).jobs.done;
  const held = await open(join(mountPoint, 'b.mov'));
  t.teardown(() => held.close());
  const before = (await held.read(Buffer.alloc(4096), 0, 4096, 0)).buffer;

  run('sync', '--file-system', source);
  const saved = join(dir, 'saved.img');
  copyFileSync(image, saved);
  truncateSync(image, 64 * 1024);
  run('umount', '--lazy', source);
  await until(async () => (await client.call('status', {})).follow.offline.length === 1);
  const away = (await client.call('status', {})).follow;
  t.match(away.offline, [{ path: '', reason: `nothing is mounted at ${source}` }]);
  t.equal(away.note, null, 'nobody is told to mount the project anew: the drive may come back');

  // The same content, another device, as a drive gets when it is plugged in again.
  connectDrive(saved);
  await writeFile(join(source, 'notes.txt'), 'written after it came back');
  await until(async () => (await readFile(join(mountPoint, 'notes.txt'), 'utf8')).startsWith('written'));
  await until(async () => (await readFile(join(mountPoint, 'a.mov'))).equals(proxy));
  const back = await client.call('status', {});
  t.match(back.follow, { note: null, offline: [] });
  t.equal(back.jobs.done, done, 'nothing was encoded again');
  t.match(back.serving, { proxy: 2, master: 0 });
  await client.call('mode.set', { mode: 'master' });
  t.same(await readFile(join(mountPoint, 'b.mov')), await readFile(join(source, 'b.mov')), 'masters are read from it');
  t.same((await held.read(Buffer.alloc(4096), 0, 4096, 0)).buffer, before, 'who held a proxy open reads on');
  await writeFile(join(mountPoint, 'through.txt'), 'written through the mount');
  t.equal(await readFile(join(source, 'through.txt'), 'utf8'), 'written through the mount');
  t.equal((await stat(mountPoint)).ino, (await stat(source)).ino);
  t.match((await client.call('events', { kinds: ['offline', 'online'] })).events, [
    { kind: 'offline' },
    { kind: 'online' },
  ]);
});

t.test('another drive at the place of the source is not shown for it, and status says what to do', skip, async (t) => {
  const { source, mountPoint, connectDrive, makeDrive, mounted } = await stage(t);
  connectDrive(makeDrive('first.img'));
  await makeClip(source, 'a.mov', { frames: 10, audio: [] });
  const client = await mounted();
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  await client.call('prewarm', { paths: [''], wait: true });
  run('umount', '--lazy', source);
  await until(async () => (await client.call('status', {})).follow.offline.length === 1);
  connectDrive(makeDrive('second.img'));
  await writeFile(join(source, 'other.txt'), 'of another drive');
  await until(async () => (await client.call('status', {})).follow.note !== null);
  t.match((await client.call('status', {})).follow.note, /unmount it and mount it again/);
  await t.rejects(stat(join(mountPoint, 'other.txt')), { code: 'ENOENT' });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let left = 600; left > 0; left -= 1) {
    if (await condition().catch(() => false)) return;
    await sleep(50);
  }
  throw new Error(`it did not come about within 30 seconds: ${condition}`);
}
