/**
 * A mounted daemon and its encoders are killed at random moments while footage arrives;
 * PROXYFS_KILLS makes it as many rounds as one likes.
 */

import { mkdir, mkdtemp, readdir, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Client, connect } from '../../src/control/client.js';
import { findProject } from '../../src/control/discovery.js';
import { launchDaemon } from '../../src/control/launch.js';
import { damagedFiles, encodersOf, kill, killsWanted } from '../fixtures/kill-loop.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

const ROUNDS = killsWanted(2);
t.setTimeout(120_000 + ROUNDS * 20_000);
const obstacle = await generationObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

t.test('a daemon that is killed again and again ends with one valid proxy of each clip', skip, async (t) => {
  const { clipsDir, options, pool } = await stage(t);
  let clips = 0;
  const arrive = async () => {
    clips += 1;
    await makeClip(clipsDir, 'next.mov', { frames: 60, audio: [{ frequency: 300 + clips }] });
    await rename(join(clipsDir, 'next.mov'), join(options.source, `${clips}.mov`));
  };
  await arrive();
  await launchDaemon(options);
  const killed = { daemons: 0, encoders: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    await arrive();
    await sleep(Math.random() * 1500);
    if (Math.random() < 0.5 && kill(encodersOf(pool)[0])) killed.encoders += 1;
    await sleep(Math.random() * 300);
    const { pid } = await findProject(options.mountPoint, '/');
    if (kill(pid)) killed.daemons += 1;
    await untilBack(options, pid);
    t.same(damagedFiles(pool), [], `round ${round}`);
  }
  const client = await connect(await findProject(options.mountPoint, '/'));
  // Whose encoder was killed three times has failed, and says so; now nobody is killed any more.
  const made = await client.call('prewarm', { paths: [''], wait: true, retryFailed: true });
  t.match(made, { failed: 0, ineligible: 0, queued: 0 });
  await untilIdle(client);
  const { assets, jobs } = await client.call('status', {});
  t.match(assets, { total: clips, eligible: clips, ready: clips, missing: 0, failed: 0 });
  t.match(jobs, { waiting: 0, running: 0, failed: 0 });
  const objects = await readdir(join(pool, 'objects'), { recursive: true });
  t.equal(objects.filter((name) => name.endsWith('.mov')).length, clips, 'one proxy of each');
  t.same(damagedFiles(pool), []);
  t.same(await readdir(join(pool, 'tmp')), []);
  t.match(await client.call('verify', { paths: [], deep: false, repair: false }), { sound: clips, damaged: [] });
  t.comment(`${killed.daemons} daemons and ${killed.encoders} encoders killed, ${clips} clips`);
  client.close();
});

async function stage(t: Test) {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-killed-')));
  const [source, mountPoint, stateDir] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'state')];
  const clipsDir = join(dir, 'clips');
  for (const path of [source, mountPoint, clipsDir]) await mkdir(path);
  const before = process.env['XDG_RUNTIME_DIR'];
  process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
  const polite = { politeness: 'off', settleMs: 0, diskReserveBytes: 0 } as const;
  const options = { source, mountPoint, stateDir, mode: 'proxy', workers: 2, ...polite } as const;
  t.teardown(async () => {
    const record = await findProject(mountPoint, '/').catch(() => undefined);
    if (record !== undefined) {
      const client = await connect(record);
      await client.call('unmount', { force: true });
      client.close();
    }
    if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = before;
    await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  });
  return { clipsDir, options, pool: join(stateDir, 'pool') };
}

/** By its guardian; after five deaths in a row that gives up, and somebody mounts again. */
async function untilBack(options: Parameters<typeof launchDaemon>[0], killed: number): Promise<void> {
  for (let tries = 1; tries <= 400; tries += 1) {
    const record = await findProject(options.mountPoint, '/').catch(() => undefined);
    const client =
      record === undefined || record.pid === killed ? undefined : await connect(record).catch(() => undefined);
    if (client !== undefined) {
      client.close();
      return;
    }
    await sleep(100);
    if (tries % 100 === 0) await launchDaemon(options).catch(() => undefined);
  }
  throw new Error('the daemon did not come back within forty seconds');
}

/** What was published last is served a moment later. */
async function untilIdle(client: Client): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { jobs, serving, assets } = await client.call('status', {});
    if (jobs.waiting + jobs.running === 0 && serving.proxy === assets.total) return;
    await sleep(100);
  }
  throw new Error('not all proxies are served within twenty seconds');
}
