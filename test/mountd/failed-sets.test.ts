/** Failures of a set that is made beside the served one: listed, counted and tried again like any other. */

import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';
import { projectFolders } from '../fixtures/project-folders.js';

t.setTimeout(120_000);
const obstacle = await generationObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

/** As pino counts. */
const WARN = 40;

/** Encodes no H.264 into a file while `broken` lies beside it. */
const FFMPEG = `#!/bin/sh
case $* in *libx264*file:*)
  [ -e "$(dirname "$0")/broken" ] && { echo 'Error while decoding stream #0:0: Invalid data found' >&2; exit 1; } ;;
esac
exec "\${FFMPEG_PATH:-ffmpeg}" "$@"
`;

t.test('what failed in a set that is not served is listed, counted and tried again in that set', skip, async (t) => {
  const { dir, source, mountPoint, stateDir } = await projectFolders(t, 'failed-sets');
  const ffmpeg = join(dir, 'ffmpeg');
  await writeFile(ffmpeg, FFMPEG);
  await chmod(ffmpeg, 0o755);
  await writeFile(join(dir, 'broken'), '');
  await makeClip(source, 'a.mov', { frames: 8, audio: [], width: 1280, height: 720 });
  await makeClip(source, 'b.mov', { frames: 9, audio: [], width: 1280, height: 720 });
  const record = await launchDaemon({
    source,
    mountPoint,
    stateDir,
    mode: 'proxy',
    profile: 'edit',
    workers: 1,
    ffmpegPath: ffmpeg,
  });
  const client = await connect(record);
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  t.match(await client.call('prewarm', { paths: [''], wait: true }), { made: 2, failed: 0 });
  const light = { paths: [''], wait: true, profiles: ['light'] };
  t.match(await client.call('prewarm', light), { made: 0, failed: 2 });
  const lines = (await readFile(join(record.stateDir, 'proxyfsd.log'), 'utf8')).trim().split('\n');
  const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= WARN);
  t.same(warnings.map(({ path }) => path).sort(), ['a.mov', 'b.mov'], 'one warning each');

  const of = (path: string, isServed: boolean) => ({ path, profile: 'light', isServed, rejected: false });
  const { failures } = await client.call('failures', {});
  t.match(failures, [of('a.mov', false), of('b.mov', false)]);
  t.match(await client.call('failures', { path: 'b.mov' }), { failures: [of('b.mov', false)] });
  const status = await client.call('status', {});
  t.match(status, { assets: { ready: 2, failed: 0 }, failedBy: [{ count: 2, otherSets: ['light'] }] });
  t.match(await client.call('why', { path: 'a.mov' }), { served: { variant: 'proxy' }, wayOut: null });

  await client.call('mode.set', { mode: 'proxy', profile: 'light' });
  t.match((await client.call('failures', {})).failures, [of('a.mov', true), of('b.mov', true)], 'now it is served');
  t.match(await client.call('status', {}), {
    assets: { ready: 0, missing: 0, failed: 2 },
    failedBy: [{ otherSets: [] }],
  });
  await client.call('mode.set', { mode: 'proxy', profile: 'edit' });

  const jobs = () => client.call('queue.list', { state: 'failed' });
  t.match(await jobs(), { counts: { failed: 2 }, jobs: { length: 2 } });

  await rm(join(dir, 'broken'));
  t.match(await client.call('prewarm', light), { made: 0, failed: 2 }, 'not by itself');
  const paths = failures.map(({ path }) => path);
  const again = { paths, wait: true, profiles: ['light'], retryFailed: true };
  t.match(await client.call('prewarm', again), { made: 2, failed: 0 });
  t.same(await client.call('failures', {}), { failures: [] });
  for (let left = 100; left > 0 && (await client.call('status', {})).assets.failed > 0; left -= 1) await sleep(50);
  t.match(await client.call('status', {}), { assets: { ready: 2, failed: 0 }, failedBy: [] });

  await writeFile(join(dir, 'broken'), '');
  await makeClip(source, 'c.mov', { frames: 10, audio: [], width: 1280, height: 720 });
  t.match(await client.call('prewarm', { ...light, paths: ['c.mov'] }), { failed: 1 });
  t.match(await jobs(), { counts: { failed: 1 }, jobs: { length: 1 } });
  await rm(join(source, 'c.mov'));
  for (let left = 100; left > 0 && (await client.call('failures', {})).failures.length > 0; left -= 1) await sleep(50);
  t.match(await jobs(), { counts: { failed: 0 }, jobs: { length: 0 } }, 'of a file that is gone nothing has failed');
  t.match(await client.call('status', {}), { jobs: { failed: 0 } });
});
