/** A drive that answers with errors: said of the drive, not of its clips, and over when the drive is well again. */

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Fingerprint } from '../../src/base/ids.js';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { createExamine } from '../../src/scan/examine.js';
import { driveObstacle, mountDrive } from '../fixtures/failing-drive.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

t.setTimeout(180_000);
const obstacle = (await generationObstacle()) ?? driveObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

t.test('clips of a drive that answers with errors wait for it, and status names the drive', skip, async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-failing-')));
  const [source, mountPoint, stateDir] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'state')];
  await mkdir(mountPoint);
  process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
  process.env['PROXYFS_SETTLE_MS'] = '50';
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const drive = await mountDrive(t, dir, source);
  await mkdir(join(source, 'card'));
  const clip = (name: string, frames: number) => makeClip(source, name, { frames, audio: [] });
  await clip('a.mov', 20);
  const client = await connect(await launchDaemon({ source, mountPoint, stateDir, mode: 'proxy', workers: 1 }));
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  await client.call('prewarm', { paths: [''], wait: true });
  const proxy = await readFile(join(mountPoint, 'a.mov'));
  await client.call('queue.pause', { paths: [''] });
  const names = ['b.mov', 'c.mov'];
  for (const [index, name] of names.entries()) await clip(name, 30 + index);
  await until(async () => (await client.call('status', {})).jobs.waiting === 2);

  drive.fail(names.map((name) => join(source, name)));
  const fault = new RegExp(`^the drive ${drive.device} at ${source} answers with errors \\(EIO\\)$`);
  await client.call('queue.resume', { paths: [''] });
  const made = await client.call('prewarm', { paths: names, wait: true });
  t.match(made, { made: 0, failed: 2 });
  for (const { reason } of made.clips) t.match(reason, fault);
  t.match((await client.call('queue.list', {})).jobs, [], 'none of them is tried in a circle');
  t.same(await readFile(join(mountPoint, 'a.mov')), proxy, 'the proxies that are there are served');
  t.match((await client.call('status', {})).failedBy, [{ reason: fault, count: 2 }], 'one reason for all of them');
  t.match((await client.call('failures', {})).failures, [{ wayOut: /dmesg/ }, { wayOut: /every ten minutes/ }]);

  const examine = createExamine(await locateFfmpeg());
  const master = { size: 1n << 20n, mtimeNs: 0n };
  const asset = { fingerprint: 'known' as Fingerprint, paths: ['b.mov' as VirtualPath], media: undefined, master };
  const input = { asset: asset as never, path: 'b.mov' as VirtualPath, signal: undefined };
  const { eligibility } = await examine({ ...input, real: join(source, 'b.mov') as RealPath });
  t.match(eligibility, { kind: 'unknown', reason: /it could not be examined/ }, 'that is no verdict on the clip');

  drive.recover();
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(source, 'card')]);
  t.teardown(() => execFileSync('umount', [join(source, 'card')]));
  await until(async () => (await client.call('failures', {})).failures.length === 0);
  await until(async () => (await client.call('status', {})).serving.proxy === 3);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let left = 600; left > 0; left -= 1) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error('it did not come about within 30 seconds');
}
