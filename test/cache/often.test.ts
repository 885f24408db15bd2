/** What is opened often is made first and kept longest: real opens on a real mount, day after day. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { type Client, connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { openDatabase } from '../../src/store/database.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';
import { projectFolders } from '../fixtures/project-folders.js';

t.setTimeout(240_000);
const obstacle = await generationObstacle();
const DAY_MS = 86_400_000;
const CLIPS = ['a.mov', 'b.mov', 'c.mov', 'd.mov'];

t.test(
  'a clip that is opened on many days is made first and outlives one that was opened later',
  obstacle === undefined ? {} : { skip: obstacle },
  async (t) => {
    const { day, dir, used } = await stage(t);
    await day([], (client) => client.call('prewarm', { paths: [''], wait: true }));
    for (let count = 0; count < 3; count += 1) await day(['c.mov']);
    await day(['a.mov']);

    await day([], async (client) => {
      await client.call('queue.pause', { paths: [''] });
      await client.call('mode.set', { mode: 'proxy', paths: [], profile: 'light' });
      const queued = async () => (await client.call('queue.list', {})).jobs.map(({ path }) => path);
      await until(async () => (await queued()).length === CLIPS.length);
      t.strictSame(
        (await queued()).slice(0, 2),
        ['c.mov', 'a.mov'],
        'for another set the one of three days comes first',
      );
      await client.call('queue.cancel', { paths: [''] });
      await client.call('mode.set', { mode: 'proxy', paths: [], profile: 'edit' });
    });

    // Of four proxies of about the same size one has room.
    const quota = { PROXYFS_POOL_QUOTA: String(Math.round(0.4 * used())) };
    const left = async (client: Client) => {
      const gone = async () => (await client.call('events', { kinds: ['evicted'] })).events.map(({ path }) => path);
      await until(async () => (await gone()).length >= 3);
      const [first, second, third, ...more] = await gone();
      t.strictSame([first, second].sort(), ['b.mov', 'd.mov'], 'first what nobody opened');
      t.equal(third, 'a.mov', 'then what was opened once, though it was the last to be opened');
      t.strictSame(more, []);
      const { entries } = await client.call('ls', { path: '' });
      t.strictSame(
        entries.map(({ variant, state }) => `${variant} ${state}`),
        ['master removed', 'master removed', 'proxy ready', 'master removed'],
      );
      t.same(
        await readFile(join(dir, 'mnt', 'a.mov')),
        await readFile(join(dir, 'source', 'a.mov')),
        'the master again',
      );
    };
    await day([], left, quota);
  },
);

/** A project whose days are made by mounting it, opening clips, and setting its clock of uses back. */
async function stage(t: Test) {
  const { dir, source, mountPoint, stateDir } = await projectFolders(t, 'often');
  for (const [index, name] of CLIPS.entries()) await makeClip(source, name, { frames: 8 + index, audio: [] });
  let used = 0;

  const day = async (
    opened: readonly string[],
    work: (client: Client) => Promise<unknown> = async () => undefined,
    environment: Record<string, string> = {},
  ) => {
    Object.assign(process.env, environment);
    const client = await connect(await launchDaemon({ source, mountPoint, stateDir, mode: 'proxy', workers: 1 }));
    try {
      await until(async () => (await client.call('status', {})).scan.finishedAt !== null);
      for (const name of opened) await readFile(join(mountPoint, name));
      await work(client);
      used = (await client.call('status', {})).cache.used;
    } finally {
      await client.call('unmount', { force: true });
      client.close();
      for (const name of Object.keys(environment)) delete process.env[name];
    }
    await until(async () => !(await isThere(join(stateDir, 'catalog.db-wal'))));
    const db = openDatabase(join(stateDir, 'catalog.db') as RealPath, { waitMilliseconds: 10_000 });
    db.statement('UPDATE proxy_use SET last_at = last_at - ?').run(DAY_MS);
    db.close();
  };
  return { day, dir, used: () => used };
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
