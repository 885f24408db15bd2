/**
 * A whole daemon whose source hangs, its own file operations among those that wait: it can be unmounted and it ends,
 * while the source still hangs. The source is a mount whose daemon is stopped.
 */

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { isProcessAlive } from '../../src/base/process-alive.js';
import { type Client, connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { findMount } from '../../src/mount/mount-table.js';
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
    disk.signal('SIGSTOP');
    const asked = Array.from({ length: CLIPS }, (_, number) => client.call('why', { path: `clip-${number}.mov` }));
    const answers = Promise.allSettled(asked);
    await sleep(500);
    t.match(await client.call('handles', {}), { handles: [] }, 'it answers what needs no source');

    const run = await runAsProcess(['unmount', options.mountPoint, '--force'], { cwd: '/' });
    t.match(run, { exitCode: 0, stdout: /is unmounted\n$/, stderr: '' });
    t.notOk(isProcessAlive(pid), 'nothing of it is left, though the source still hangs');
    t.equal(await findMount(options.mountPoint), undefined);
    for (const answer of await answers) t.equal(answer.status, 'rejected');
    disk.signal('SIGCONT');
  },
);

async function mountOnDisk(t: Test): Promise<Stage> {
  const disk = await hostVolume(t);
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-hanging-')));
  process.env['XDG_RUNTIME_DIR'] = join(root, 'run');
  process.env['XDG_STATE_HOME'] = join(root, 'state');
  const options = { source: disk.mountPoint, mountPoint: join(root, 'mnt') };
  await mkdir(options.mountPoint);
  for (let number = 0; number < CLIPS; number += 1) await writeFile(join(disk.source, `clip-${number}.mov`), 'bytes');
  await disk.mount('native', mountOptions(disk, { disable: { passthrough: true }, cacheSeconds: 0 }));
  const { pid, ...record } = await launchDaemon(options);
  const client = await connect({ pid, ...record });
  t.teardown(async () => {
    // First of all: what waits for a disk that hangs cannot be ended in an orderly way.
    disk.signal('SIGCONT');
    client.close();
    await endDaemon(pid, record.guardian);
    await rm(root, { recursive: true, force: true });
  });
  await firstScan(client);
  return { disk, client, options, pid };
}

async function firstScan(client: Client): Promise<void> {
  while ((await client.call('status', {})).scan.finishedAt === null) await sleep(50);
}

/** When the test has failed only. */
async function endDaemon(pid: number, guardian: number | undefined): Promise<void> {
  if (!isProcessAlive(pid)) return;
  if (guardian !== undefined) process.kill(-guardian, 'SIGKILL');
  while (isProcessAlive(pid)) await sleep(20);
}
