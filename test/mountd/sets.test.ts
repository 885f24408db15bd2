/** Several sets of proxies in one project: learned from the editor, made beside each other, and served by choice. */

import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

const run = promisify(execFile);
t.setTimeout(120_000);
/** Untagged pictures of this height mean BT.709, which DNxHR can state. */
const HD = { width: 1280, height: 720 };
const obstacle = await generationObstacle();

t.test(
  'a project has several sets, and serves the chosen one',
  obstacle === undefined ? {} : { skip: obstacle },
  async (t) => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-sets-')));
    t.teardown(() => rm(dir, { recursive: true, force: true }));
    process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
    process.env['XDG_STATE_HOME'] = join(dir, 'state');
    process.env['PROXYFS_SETTLE_MS'] = '50';
    const place = { source: join(dir, 'source'), mountPoint: join(dir, 'mnt') };
    await Promise.all(['source/A', 'mnt'].map((name) => mkdir(join(dir, name), { recursive: true })));
    await makeClip(place.source, 'one.mov', { ...HD, frames: 5 });
    await makeClip(join(place.source, 'A'), 'two.mov', { ...HD, frames: 6 });

    await t.rejects(launchDaemon({ ...place, profile: 'proxy_h264_low' }), {
      code: 'profile/unknown',
      message: /choose a set/,
    });
    const record = await launchDaemon({ ...place, workers: 1, nle: 'auto' });
    const client = await connect(record);
    t.teardown(async () => {
      await client.call('unmount', { force: true }).catch(() => undefined);
      client.close();
    });
    const seen = (name: string) => join(place.mountPoint, name);
    const codecOf = async (name: string) => {
      const words = [
        '-v',
        'error',
        '-select_streams',
        'v',
        '-show_entries',
        'stream=codec_name,width',
        '-of',
        'csv=p=0',
      ];
      return (await run('ffprobe', [...words, seen(name)])).stdout.trim();
    };
    const becomes = async (name: string, codec: string) => {
      const deadline = Date.now() + 15_000;
      while ((await codecOf(name)) !== codec && Date.now() < deadline) await sleep(100);
      t.equal(await codecOf(name), codec, name);
    };

    await until(async () => (await client.call('status', {})).scan.finishedAt !== null);
    await readFile(seen('one.mov'));
    await sleep(300);
    t.match(await client.call('status', {}), { jobs: { waiting: 0, running: 0, done: 0 } }, 'a reader is no editor');
    // Named as Resolve's process is, and holding the clip open.
    await copyFile('/usr/bin/tail', join(dir, 'resolve'));
    const editor = spawn(join(dir, 'resolve'), ['-f', seen('one.mov')], { cwd: '/', stdio: 'ignore' });
    t.teardown(() => editor.kill());
    await becomes('A/two.mov', 'dnxhd,1280');
    t.equal(await codecOf('one.mov'), 'prores,1280', 'the master, while it is held');
    editor.kill();
    await becomes('one.mov', 'dnxhd,1280');
    t.match((await client.call('mode.get', {})).state.profiles, [{ path: '', profile: 'edit_dnx' }]);

    await t.rejects(client.call('prewarm', { paths: [''], wait: true, profiles: ['proxy_dnxhr_lb'] }), {
      code: 'profile/unknown',
    });
    t.match(await client.call('prewarm', { paths: [''], wait: true, profiles: ['light', 'edit'] }), {
      made: 4,
      failed: 0,
    });
    t.equal(await codecOf('one.mov'), 'dnxhd,1280', 'made, and not served');
    t.match(await client.call('mode.set', { mode: 'proxy', profile: 'light' }), { changed: 2, stayedMasterCount: 0 });
    t.equal(await codecOf('one.mov'), 'h264,640');
    t.match(await client.call('mode.set', { mode: 'proxy', paths: ['A'], profile: 'edit_dnx' }), { changed: 1 });
    t.same([await codecOf('one.mov'), await codecOf('A/two.mov')], ['h264,640', 'dnxhd,1280']);
    t.match(await client.call('why', { path: 'A/two.mov' }), { served: { profile: 'edit_dnx', variant: 'proxy' } });
    t.match(await client.call('mode.clear', { paths: ['A'] }), { changed: 1 });
    t.equal(await codecOf('A/two.mov'), 'h264,640');
    t.match(await client.call('mode.set', { mode: 'master' }), { changed: 2 });
    t.match(await client.call('mode.set', { mode: 'proxy' }), { changed: 2 }, 'the set is remembered');
    t.equal(await codecOf('one.mov'), 'h264,640');

    const plan = await client.call('plan', { path: 'A/two.mov', profile: 'edit' });
    t.match(plan, { engine: 'ffmpeg', refused: null, output: { width: 1280, videoCodec: 'prores' } });
    t.same(
      plan.command,
      plan.arguments.flatMap(({ words }) => words),
      'every word of the command has its reason',
    );
    t.ok(plan.arguments.every(({ why }) => why.length > 3));
    t.match(plan.poolKey, /^[0-9a-f]{64}$/);
    t.equal(plan.command.at(-1), 'file:OUTPUT.mov', 'pasted into a shell it writes beside the pool, not into it');
    await t.rejects(client.call('plan', { path: 'one.mov', profile: 'proxy_prores_hq_resolve' }), {
      code: 'profile/wrong-engine',
      message:
        "Profile 'proxy_prores_hq_resolve' requires the resolve engine, but the job routes to ffmpeg: this FFmpeg decodes it",
    });
  },
);

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await sleep(20);
  }
}
