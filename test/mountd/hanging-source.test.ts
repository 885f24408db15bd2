/**
 * A whole daemon whose source hangs, its own file operations among those that wait: it can be unmounted and it ends,
 * while the source still hangs. The source is a mount whose daemon is stopped. And a daemon that answers nobody any
 * more, as one whose main thread waits: it is stopped itself.
 */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import { isProcessAlive, presenceOf } from '../../src/base/process-alive.js';
import { type Client, connect } from '../../src/control/client.js';
import { killDaemon } from '../../src/control/kill-daemon.js';
import { launchDaemon } from '../../src/control/launch.js';
import type { RuntimeRecord } from '../../src/control/runtime-record.js';
import { findMount } from '../../src/mount/mount-table.js';
import { cutOff } from '../../src/mount/stale-mount.js';
import { mountObstacle } from '../fixtures/mount-obstacle.js';
import { runAsProcess } from '../fixtures/run-proxyfs.js';
import { type HostedVolume, hostVolume, mountOptions } from '../mount/hosted-volume.js';

interface Stage {
  readonly disk: HostedVolume;
  readonly client: Client;
  readonly options: { readonly source: string; readonly mountPoint: string };
  readonly pid: number;
}

const skip = await mountObstacle();
const CLIPS = 4;

t.test(
  'a daemon whose own calls wait for its source is detached, and ends',
  { ...skip, timeout: 120_000 },
  async (t) => {
    const { disk, client, options, pid } = await mountOnDisk(t);
    await disk.stop();
    const asked = Array.from({ length: CLIPS }, (_, number) => client.call('why', { path: `clip-${number}.mov` }));
    const answers = Promise.allSettled(asked);
    while (!(await isWaitingForFuse(pid))) await sleep(20);
    t.match(await client.call('handles', {}), { handles: [] }, 'it answers what needs no source');

    const run = await runAsProcess(['unmount', options.mountPoint, '--force'], { cwd: '/' });
    t.match(run, { exitCode: 0, stdout: /is unmounted\n$/, stderr: '' });
    t.equal(presenceOf(pid), 'gone', 'nothing of it is left, though the source still hangs');
    t.equal(await findMount(options.mountPoint), undefined);
    const ends = (await answers).map(({ status }) => status);
    // The kernel may have known what one of them asked for.
    t.ok(ends.includes('rejected'), `who waits with it is told that it has gone: ${ends}`);
    disk.resume();
  },
);

t.test('a daemon that answers nobody is killed by a forced unmount', { ...skip, timeout: 120_000 }, async (t) => {
  const source = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-silent-')));
  t.teardown(() => rm(source, { recursive: true, force: true }));
  await writeFile(join(source, 'notes.txt'), 'notes');
  const { record, options } = await launch(t, source);
  process.kill(record.pid, 'SIGSTOP');
  const reader = execFile('cat', [join(options.mountPoint, 'notes.txt')]);
  const ended = once(reader, 'exit');

  const run = await runAsProcess(['unmount', options.mountPoint, '--force', '--json'], { cwd: '/' });
  t.match(
    { ...run, stdout: JSON.parse(run.stdout) },
    {
      exitCode: 0,
      stdout: { mountPoint: options.mountPoint, killedDaemon: record.pid, leftProcess: undefined },
      stderr: '',
    },
  );
  t.equal(presenceOf(record.guardian ?? 0), 'gone', 'nobody starts it again');
  t.equal(await findMount(options.mountPoint), undefined);
  await ended;
  const again = await launchDaemon(options);
  t.teardown(() => (isProcessAlive(again.pid) ? endAfterFailure(again) : undefined));
  t.equal(await readFile(join(options.mountPoint, 'notes.txt'), 'utf8'), 'notes', 'and the project is mounted again');
  t.match(await runAsProcess(['unmount', options.mountPoint], { cwd: '/' }), { exitCode: 0, stderr: '' });
  t.equal(presenceOf(again.pid), 'gone');
});

t.test(
  'a process that the kernel cannot let go of is named, and goes with the source',
  { ...skip, timeout: 120_000 },
  async (t) => {
    const lower = await hostVolume(t);
    const { disk, client, options, pid } = await mountOnDisk(t, lower);
    await lower.stop();
    const asked = client.call('why', { path: 'clip-0.mov' }).catch(() => undefined); // it ends with the daemon
    while (!(await isWaitingForFuse(disk.pid))) await sleep(20);
    // Now the disk has taken the request and nobody will answer it: whoever asked cannot even be killed.
    await disk.stop();

    const run = await runAsProcess(['unmount', options.mountPoint, '--force', '--json'], { cwd: '/' });
    t.match(
      { ...run, stdout: JSON.parse(run.stdout) },
      { exitCode: 0, stdout: { mountPoint: options.mountPoint, leftProcess: pid }, stderr: '' },
    );
    t.equal(presenceOf(pid), 'dying', 'nothing of it runs any more');
    t.equal(await findMount(options.mountPoint), undefined);
    await asked;
    for (const volume of [lower, disk]) volume.resume();
    while (isProcessAlive(pid)) await sleep(20);
  },
);

async function mountOnDisk(t: Test, lower?: HostedVolume): Promise<Stage> {
  const disk = await hostVolume(t);
  const source = lower?.source ?? disk.source;
  for (let number = 0; number < CLIPS; number += 1) await writeFile(join(source, `clip-${number}.mov`), 'bytes');
  const slow = { disable: { passthrough: true }, cacheSeconds: 0 };
  await lower?.mount('native', mountOptions(lower, slow));
  await disk.mount('native', { ...mountOptions(disk, slow), source: toRealPath(lower?.mountPoint ?? disk.source) });
  const { record, options } = await launch(t, disk.mountPoint);
  const client = await connect(record);
  t.teardown(() => {
    // First of all: what waits for a disk that hangs cannot be ended in an orderly way.
    for (const volume of [lower, disk]) volume?.resume();
    client.close();
  });
  await firstScan(client);
  return { disk, client, options, pid: record.pid };
}

async function launch(t: Test, source: string): Promise<{ record: RuntimeRecord; options: Stage['options'] }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-hanging-')));
  process.env['XDG_RUNTIME_DIR'] = join(root, 'run');
  process.env['XDG_STATE_HOME'] = join(root, 'state');
  const options = { source, mountPoint: join(root, 'mnt') };
  await mkdir(options.mountPoint);
  const record = await launchDaemon(options);
  t.teardown(async () => {
    if (isProcessAlive(record.pid)) await endAfterFailure(record);
    await rm(root, { recursive: true, force: true });
  });
  return { record, options };
}

/** Whether a thread of it has asked another FUSE file system and is not answered. */
async function isWaitingForFuse(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const places = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/wchan`, 'utf8'));
  return (await Promise.all(places)).some((place) => /request_wait_answer|fuse_simple_request/.test(place));
}

async function firstScan(client: Client): Promise<void> {
  while ((await client.call('status', {})).scan.finishedAt === null) await sleep(50);
}

async function endAfterFailure(record: RuntimeRecord): Promise<void> {
  await killDaemon(record);
  while (isProcessAlive(record.pid)) await sleep(20);
  await cutOff(record.mountPoint);
}
