/** Prewarming on a real mount: patterns, order, a dry run, and proxies in memory. */

import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import type { Progress } from '../../src/control/schema.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

t.setTimeout(120_000);
const obstacle = await generationObstacle();

t.test('clips are wanted by pattern and in order', obstacle === undefined ? {} : { skip: obstacle }, async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-prewarm-')));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
  process.env['XDG_STATE_HOME'] = join(dir, 'state');
  process.env['PROXYFS_SETTLE_MS'] = '50';
  const [source, mountPoint] = [join(dir, 'source') as RealPath, join(dir, 'mnt')];
  await Promise.all(['source/A1/x', 'source/A2', 'mnt'].map((name) => mkdir(join(dir, name), { recursive: true })));
  await makeClip(source, 'one.mov', { frames: 4 });
  await makeClip(join(source, 'A1'), 'two.mov', { frames: 5 });
  await makeClip(join(source, 'A1', 'x'), 'three.mov', { frames: 6 });
  await makeClip(join(source, 'A2'), 'f[o]ur.mov', { frames: 7 });
  await copyFile(join(source, 'one.mov'), join(source, 'A2', 'cut.mov'));
  await writeFile(join(source, 'A2', 'broken.mov'), 'no movie');
  await mkdir(join(source, 'A2', 'line\nbreak'));
  await writeFile(join(source, 'A2', 'line\nbreak', 'bad.mkv'), 'no movie');

  const client = await connect(await launchDaemon({ source, mountPoint, workers: 1, nle: 'auto' }));
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  const preview = (...paths: string[]) => client.call('prewarm.preview', { paths });
  const named = async (...paths: string[]) => (await preview(...paths)).clips.map(({ path }) => path);
  t.same(await named('**/*o*.mov'), ['A1/two.mov', 'A2/broken.mov', 'A2/f[o]ur.mov', 'one.mov']);
  t.same(await named('A1/*.mov', '*.mov'), ['A1/two.mov', 'one.mov'], 'a star stays in its folder');
  t.same(await named('A2/**/*.mkv'), ['A2/line\nbreak/bad.mkv']);
  t.same(await named('A{2,1}/x'), ['A1/x/three.mov'], 'a folder that matches is all below it');
  t.same(await named('A2/f[o]ur.mov'), ['A2/f[o]ur.mov'], 'what is there is no pattern');
  t.same(await named('A2/cut.mov', '', 'one.mov').then((all) => all.slice(0, 2)), ['A2/cut.mov', 'A1/two.mov']);
  await t.rejects(named('B*/**'), { code: 'path/missing', message: /no media file matches 'B\*\/\*\*'/ });
  await t.rejects(named('B/*.mov'), { code: 'path/missing', message: /there is no 'B'/ });
  await t.rejects(named('../*'), { code: 'path/outside-project' });

  const before = await preview('');
  t.match(before, { seconds: null, measured: false, encoders: 1 }, 'nothing was made yet to go by');
  t.same(new Set(before.clips.map(({ outcome }) => outcome)), new Set(['make', 'ineligible']));
  t.equal((await client.call('status', {})).jobs.waiting, 0, 'a look queues nothing');

  await client.call('queue.pause', { paths: [] });
  await client.call('prewarm', { paths: ['A1'], wait: false });
  const order = ['A2/f[o]ur.mov', 'one.mov', 'A1/x/three.mov', 'A1/two.mov'];
  await client.call('prewarm', { paths: order, wait: false });
  t.same(
    (await client.call('queue.list', {})).jobs.map(({ path }) => path),
    order,
    'what waited lines up anew',
  );
  t.match((await preview('one.mov')).clips, [{ outcome: 'waiting' }]);
  await client.call('queue.resume', { paths: [] });

  const told: Progress[] = [];
  const params = { paths: [...order, 'A2/cut.mov'], wait: true, read: true };
  const made = await client.call('prewarm', params, { onProgress: (each) => told.push(each) });
  const bytes = made.clips.reduce((sum, { proxySize }) => sum + (proxySize ?? 0), 0);
  t.match(made, { failed: 0, read: { files: 5, bytes, left: 0 } }, 'two copies share their proxy, and both are read');
  const reads = told.filter((each) => each.kind === 'read');
  t.match(reads.at(-1), { bytesDone: bytes, bytesTotal: bytes, filesTotal: 5 });
  t.match(reads[0], { current: 'A2/f[o]ur.mov' }, 'in the same order');

  await makeClip(source, 'late.mov', { frames: 20 });
  const after = await preview('');
  const late = after.clips.find(({ path }) => path === 'late.mov');
  t.match(late, { outcome: 'make', measured: true });
  const four = after.clips.find(({ path }) => path === 'A2/f[o]ur.mov');
  t.match(four, { outcome: 'ready', bytes: made.clips.find(({ path }) => path === 'A2/f[o]ur.mov')?.proxySize });
  const ratio = (late?.bytes ?? 0) / (four?.bytes ?? 1) / (20 / 7);
  t.ok(ratio > 0.3 && ratio < 3, `the estimate follows what was made (${ratio.toFixed(2)})`);
  t.ok((after.seconds ?? 0) > 0 && after.measured, 'and so does the time');

  await client.call('queue.pause', { paths: ['late.mov'] });
  await client.call('prewarm', { paths: ['late.mov'], wait: false });
  t.match(await client.call('status', {}), { jobs: { waiting: 1 }, etaSeconds: null }, 'what is held has no end');
});
