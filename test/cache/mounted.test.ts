/** Damage, pins and a quota on a real mount with real encoders. */

import { execFile } from 'node:child_process';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { type Client, connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

t.setTimeout(180_000);
const run = promisify(execFile);
const obstacle = await generationObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const CLIPS = ['r1/a.mov', 'r1/b.mov', 'r2/c.mov', 'r2/d.mov'];

async function stage(t: Test, clips: readonly string[], settings: Record<string, string> = {}) {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-cache-')));
  const [source, mountPoint, stateDir] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'state')];
  for (const path of [source, join(source, 'r1'), join(source, 'r2'), mountPoint]) await mkdir(path);
  const environment = { XDG_RUNTIME_DIR: join(dir, 'run'), PROXYFS_SETTLE_MS: '50', ...settings };
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  for (const [index, path] of clips.entries()) {
    await makeClip(source, path, { frames: 8 + index, audio: [], extra: ['-qscale:v', '2'] });
  }
  const client = await connect(await launchDaemon({ source, mountPoint, stateDir, mode: 'proxy', workers: 1 }));
  t.teardown(async () => {
    await client.call('unmount', { force: true });
    client.close();
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await until(async () => !(await isThere(join(stateDir, 'catalog.db-wal'))));
    await rm(dir, { recursive: true, force: true });
  });
  return { dir, client, mountPoint, stateDir };
}

t.test('a damaged proxy leaves the mount at once, however it was damaged, and is made again', skip, async (t) => {
  const { dir, client, mountPoint, stateDir } = await stage(t, CLIPS.slice(0, 2));
  await client.call('prewarm', { paths: [''], wait: true });
  const [seen, path] = [join(mountPoint, 'r1/a.mov'), 'r1/a.mov'];
  const file = (await client.call('why', { path })).proxyPath ?? '';
  const whole = await readFile(file);
  const other = Buffer.from(whole).fill(0, 2000, 3000);
  const damages: Record<string, () => Promise<void>> = {
    deleted: () => rm(file),
    truncated: () => truncate(file, 1000),
    'replaced by one of its size': async () => {
      await writeFile(join(dir, 'other.mov'), other);
      await rename(join(dir, 'other.mov'), file);
    },
    'replaced by a link': async () => {
      await copyFile(file, join(dir, 'elsewhere.mov'));
      await rm(file);
      await symlink(join(dir, 'elsewhere.mov'), file);
    },
    'replaced by a folder': async () => {
      await rm(file);
      await mkdir(join(file, 'with'), { recursive: true });
    },
  };
  const master = await readFile(join(dir, 'source', path));
  for (const [how, damage] of Object.entries(damages)) {
    // Also what the kernel has in its caches: the next open is what counts.
    await damage();
    t.same(await readFile(seen), master, `${how}: the master is read`);
    await until(async () => (await variantOf(client, path)) === 'proxy');
    t.same(await readFile(seen), whole, `${how}: and then the proxy again`);
  }
  await writeFile(join(dir, 'flipped'), other);
  await run('dd', [`if=${join(dir, 'flipped')}`, `of=${file}`, 'conv=notrunc', 'status=none']);
  const looked = await client.call('verify', { paths: ['r1'], deep: false, repair: false });
  t.match(looked, { checked: 2, sound: 1, damaged: [{ path, problem: /BLAKE3/, outcome: 'left' }] });
  t.equal(await variantOf(client, path), 'proxy', 'a look changes nothing');
  const repaired = await client.call('verify', { paths: [], deep: false, repair: true });
  t.match(repaired, { checked: 2, sound: 1, damaged: [{ path, outcome: 'queued' }] });
  await until(async () => (await variantOf(client, path)) === 'proxy');
  t.match(await client.call('verify', { paths: [], deep: true, repair: true }), { checked: 2, sound: 2, damaged: [] });
  t.match(await client.call('pin', { paths: ['r1'] }), { pins: ['r1'] });
  t.match(await client.call('why', { path: 'r1/b.mov' }), { served: { pinnedBy: 'r1' } });
  await t.rejects(client.call('pin', { paths: ['nowhere'] }), { code: 'path/missing' });
  t.match(await client.call('unpin', { paths: ['r1', 'r2'] }), { pins: [], removed: ['r1'] });
  const { events } = await client.call('history', { path: 'r1' });
  t.match(events.slice(-2), [{ kind: 'pinned', who: {} }, { kind: 'unpinned' }], 'who pinned it');
  const log = await readFile(join(stateDir, 'proxyfsd.log'), 'utf8');
  t.match(log, /a proxy was withdrawn, and the master is served: its file is missing/);
  t.notMatch(log, /the master changed/);
});

t.test('the backlog stops at the quota and says so, and what was made stays', skip, async (t) => {
  const { client } = await stage(t, CLIPS, { PROXYFS_POOL_QUOTA: '250K' });
  const status = () => client.call('status', {});
  await until(async () => (await status()).cache.note !== null);
  t.match(await status(), {
    cache: { quota: 250_000, evicted: 0, note: /no proxies are made: the pool has reached its quota/ },
    assets: { missing: Number },
  });
  const refusal = { code: 'system/no-space', message: /were used in the last hour; raise pool-quota/ };
  await t.rejects(client.call('prewarm', { paths: [''], wait: true }), refusal);
  const { serving, jobs } = await status();
  t.ok(serving.proxy > 0 && jobs.waiting > 0, `${serving.proxy} served, ${jobs.waiting} wait`);
});

t.test('a clip that is too large for the quota is set aside, and holds up no other', skip, async (t) => {
  const { dir, client } = await stage(t, CLIPS.slice(0, 1), { PROXYFS_POOL_QUOTA: '400K' });
  await client.call('prewarm', { paths: [''], wait: true });
  const source = join(dir, 'source');
  await makeClip(source, 'r1/huge.mov', { frames: 300, audio: [], extra: ['-qscale:v', '2'] });
  await makeClip(source, 'r2/later.mov', { frames: 9, audio: [], extra: ['-qscale:v', '2'] });
  const paths = ['r1/huge.mov', 'r2/later.mov'];
  const made = await client.call('prewarm', { paths, wait: true });
  t.match(made, { made: 1, failed: 1, clips: [{ path: 'r1/huge.mov', outcome: 'failed' }, { outcome: 'made' }] });
  const { failures } = await client.call('failures', {});
  t.match(failures, [{ reason: /needs about .*, more than the quota of the pool \(400/, wayOut: /raise pool-quota/ }]);
});

t.test('a clip that finds no room in the quota holds up none that does', skip, async (t) => {
  const { dir, client } = await stage(t, CLIPS.slice(0, 1), { PROXYFS_POOL_QUOTA: '400K' });
  await client.call('prewarm', { paths: [''], wait: true });
  await client.call('pin', { paths: ['r1/a.mov'] });
  const source = join(dir, 'source');
  await client.call('queue.pause', { paths: [''] });
  await makeClip(source, 'r2/mid.mov', { frames: 40, audio: [], extra: ['-qscale:v', '2'] });
  await makeClip(source, 'r2/small.mov', { frames: 9, audio: [], extra: ['-qscale:v', '2'] });
  await client.call('prewarm', { paths: ['r2/mid.mov'], wait: false });
  await until(async () => (await client.call('queue.list', { state: 'waiting' })).jobs.length === 2);
  await client.call('queue.resume', { paths: [''] });
  await until(async () => (await variantOf(client, 'r2/small.mov')) === 'proxy');
  const { jobs } = await client.call('queue.list', { state: 'waiting' });
  t.match(jobs, [{ path: 'r2/mid.mov', jobClass: 'prewarm' }], 'it waits for room, before the other by its class');
  t.match(jobs, [{ reason: /the pool has reached its quota/ }], 'and says so');
  const { because } = await client.call('why', { path: 'r2/mid.mov' });
  t.match(because.join(' '), /Its proxy waits although its turn has come: .*the pool has reached its quota/);
  const { work, cache } = await client.call('status', {});
  t.match([work.reason, cache.note], [/the pool has reached its quota/, /the pool has reached its quota/]);
  t.same((await client.call('failures', {})).failures, [], 'that is no failure');
});

async function variantOf(client: Client, path: string): Promise<string | undefined> {
  return (await client.call('ls', { path })).entries[0]?.variant;
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let left = 600; left > 0; left -= 1) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error('it did not come about within 30 seconds');
}
