/** What a person gets to see of a mount: why nothing is scanned, what is denied, who asked for what, and where links lead. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';
import { parseMetrics } from '../fixtures/parse-metrics.js';
import { runAsProcess } from '../fixtures/run-proxyfs.js';

const run = promisify(execFile);
t.setTimeout(120_000);
const obstacle = await generationObstacle();

t.test('what a mount says of itself is true', obstacle === undefined ? {} : { skip: obstacle }, async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-seeing-')));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const env = {
    XDG_RUNTIME_DIR: join(dir, 'run'),
    XDG_STATE_HOME: join(dir, 'state'),
    XDG_CONFIG_HOME: join(dir, 'config'),
  };
  Object.assign(process.env, env, { PROXYFS_FFMPEG: join(dir, 'bin', 'ffmpeg') });
  t.teardown(() => delete process.env['PROXYFS_FFMPEG']);
  const [source, mountPoint] = [join(dir, 'source') as RealPath, join(dir, 'mnt')];
  await Promise.all(
    ['source/A', 'source/.proxyfs', 'mnt', 'bin'].map((name) => mkdir(join(dir, name), { recursive: true })),
  );
  await makeClip(join(source, 'A') as RealPath, 'one.mov', { frames: 5 });
  await writeFile(join(source, '.proxyfs', 'proxyfs.toml'), 'settle-ms = 50\nmissing = "deny"\nlog-level = "debug"\n');
  await writeFile(Buffer.concat([Buffer.from(`${source}/A/`), Buffer.from([0x63, 0xe9, 0x2e, 0x74])]), 'latin 1');
  await symlink('A/one.mov', join(source, 'link.mov'));
  await symlink('A', join(source, 'folder'));
  await symlink(join(source, 'A', 'one.mov'), join(source, 'astray.mov'));
  await symlink('ring.mov', join(source, 'ring.mov'));
  const stateDir = join(dir, 'kept');
  await mkdir(stateDir);
  await writeFile(join(stateDir, `starting-${await pidOfTheDead()}-0011aabb.stderr`), 'of a starter that was killed');

  const record = await launchDaemon({ source, mountPoint, stateDir, workers: 1, metricsPort: 0 });
  const client = await connect(record);
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  const proxyfs = (...argv: string[]) => runAsProcess([...argv, '--project', mountPoint], { env, cwd: dir });

  await until(async () => (await client.call('status', {})).scan.problem !== null);
  t.match((await proxyfs('status')).stdout, /\nScan +could not be done\nNote: nothing is scanned: .*ffmpeg/i);
  for (const name of ['ffmpeg', 'ffprobe']) {
    await symlink((await run('sh', ['-c', `command -v ${name}`])).stdout.trim(), join(dir, 'bin', name));
  }
  await proxyfs('pause');
  await client.call('prewarm', { paths: ['A'], wait: false });
  await until(async () => (await client.call('status', {})).scan.finishedAt !== null);
  t.match(
    await client.call('status', {}),
    { scan: { problem: null } },
    'FFmpeg was installed: the scan is made up for',
  );

  t.match(await client.call('why', { path: 'A/one.mov' }), { served: { denied: true } });
  t.match(
    (await proxyfs('why', join(mountPoint, 'A/one.mov'))).stdout,
    /^A\/one\.mov cannot be read now \(Input\/output error\)\n/,
  );
  await t.rejects(readFile(join(mountPoint, 'A', 'one.mov')), { code: 'EIO' });
  const flip = await proxyfs('mode', 'proxy');
  t.match(flip.stdout, /\n1 file in proxy mode cannot be read until the proxy is there \(missing=deny\):\n/);
  for (const mode of ['master', 'proxy'] as const) {
    t.match(
      await client.call('assert', { mode, paths: ['A'] }),
      { checked: 1, wrongCount: 1 },
      `denied is not ${mode}`,
    );
  }

  await client.call('queue.cancel', { paths: ['A'] });
  await client.call('prewarm', { paths: ['A'], wait: false });
  await proxyfs('resume');
  t.match(await proxyfs('prewarm', join(mountPoint, 'A')), { exitCode: 0 });
  const listed = await client.call('ls', { path: 'A' });
  t.same(
    listed.entries.map(({ path, kind }) => [path, kind]),
    [
      ['A/c\ufffd.t', 'file'],
      ['A/one.mov', 'media'],
    ],
    'a name that is no text is listed all the same',
  );

  const wrongIn = async (mode: 'master' | 'proxy', ...paths: string[]) =>
    (await client.call('assert', { mode, paths })).wrong.map(({ path }) => path);
  t.same(await wrongIn('proxy', 'link.mov', 'folder'), [], 'a link is what it leads to');
  t.same(await wrongIn('master', 'link.mov'), ['A/one.mov']);
  t.same(await wrongIn('master', 'folder'), ['A/one.mov'], 'a folder behind a link that was named');
  t.same(await wrongIn('proxy', ''), ['astray.mov'], 'a link out of the mount is a master, whatever the mode');
  await t.rejects(wrongIn('proxy', 'astray.mov'), { code: 'path/outside-project' });

  const told = await client.call('history', { path: 'A/one.mov' });
  const story = told.events.filter(({ kind }) => ['queued', 'started', 'published'].includes(kind));
  t.same(
    story.map(({ kind }) => kind),
    ['queued', 'queued', 'started', 'published'],
    'also who asked again for what was cancelled, and nobody who found it waiting',
  );
  t.match(story[0], { who: { command: /./, pid: process.pid }, facts: { jobClass: 'prewarm' } }, 'who asked');
  t.match(told.proxies, [{ isServed: true, valid: true, ffmpeg: /./, command: [/ffmpeg$/] }]);
  const { events } = await client.call('events', { kinds: ['paused', 'resumed', 'flip'] });
  t.same(
    events.map(({ kind }) => kind),
    ['paused', 'flip', 'resumed'],
  );
  for (const { who } of events) t.match(who?.command, /^proxyfs (pause|resume|mode proxy) --project /);
  await t.rejects(client.call('events', { kinds: ['flipp'] }), { message: /did you mean 'flip'/ });
  for (const path of ['nowhere', 'A/two.mv']) {
    await t.rejects(client.call('queue.list', { path }), { code: 'path/missing' }, `${path} is no name of the project`);
    await t.rejects(client.call('failures', { path }), { code: 'path/missing' });
  }
  t.match(await client.call('failures', { path: 'A' }), { failures: [] }, 'a folder without failures is none');

  const families = parseMetrics((await client.call('metrics', {})).text);
  const sample = (name: string, label: string) =>
    families
      .find((family) => family.name === name)
      ?.samples.find(({ labels }) => Object.values(labels).includes(label));
  t.equal(sample('proxyfs_assets', 'ready')?.value, 1);
  t.equal(sample('proxyfs_events_total', 'published')?.value, 1);
  t.same(
    (await readdir(stateDir)).filter((name) => name.endsWith('.stderr')),
    ['proxyfsd.stderr'],
    'what killed starters left is cleared away',
  );
});

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await isDone()); await sleep(100)) {
    if (Date.now() > deadline) throw new Error('it did not come about');
  }
}

async function pidOfTheDead(): Promise<number> {
  const { stdout } = await run('sh', ['-c', 'echo $$']);
  return Number(stdout);
}
