/** What happens to footage while it is served: moves, copies through the mount, drives that go and come. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import type { ServedPath } from '../../src/control/schema.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

const run = promisify(execFile);
t.setTimeout(120_000);
const obstacle = (await generationObstacle()) ?? (process.getuid?.() === 0 ? undefined : 'needs root to mount');

t.test(
  'moves, whole trees and a drive that comes back cost no encode; what is away is offline',
  obstacle === undefined ? {} : { skip: obstacle },
  async (t) => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-follow-')));
    const [source, mountPoint, drive] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'drive')];
    const card = join(source, 'card');
    Object.assign(process.env, { XDG_RUNTIME_DIR: join(dir, 'run'), PROXYFS_SETTLE_MS: '200' });
    for (const folder of [join(source, 'day', 'deep'), card, mountPoint, drive])
      await mkdir(folder, { recursive: true });
    t.teardown(async () => {
      await run('umount', ['-l', card]).catch(() => undefined);
      await rm(dir, { recursive: true, force: true });
    });
    await makeClip(join(source, 'day'), 'one.mov', { frames: 5, extra: ['-qscale:v', '2'] });
    await makeClip(join(source, 'day', 'deep'), 'two.mov', { frames: 6, extra: ['-qscale:v', '2'] });
    await makeClip(drive, 'three.mov', { frames: 7, extra: ['-qscale:v', '2'] });
    await makeClip(dir, 'four.mov', { frames: 8, extra: ['-qscale:v', '2'] });
    await run('mount', ['--bind', drive, card]);

    const client = await connect(await launchDaemon({ source, mountPoint, stateDir: join(dir, 'state'), workers: 1 }));
    t.teardown(async () => {
      await client.call('unmount', { force: true }).catch(() => undefined);
      client.close();
    });
    const seen = (name: string) => join(mountPoint, name);
    const entry = async (path: string): Promise<ServedPath | undefined> =>
      (await client.call('ls', { path }).catch(() => undefined))?.entries.find((each) => each.path === path);
    const becomes = async (path: string, fits: (entry: ServedPath | undefined) => boolean, withinMs = 2500) => {
      const deadline = Date.now() + withinMs;
      while (!fits(await entry(path))) {
        if (Date.now() > deadline) throw new Error(`${path}: ${JSON.stringify(await entry(path))}`);
        await sleep(30);
      }
    };
    const isProxy = (each: ServedPath | undefined) => each?.variant === 'proxy';
    const encodes = async () => (await client.call('status', {})).jobs.done;

    t.match(await client.call('prewarm', { paths: [''], wait: true }), { failed: 0 });
    for (const path of ['day/one.mov', 'day/deep/two.mov', 'card/three.mov']) await becomes(path, isProxy, 10_000);
    t.equal(await encodes(), 3);

    await rename(join(source, 'day'), join(source, 'night'));
    await becomes('night/deep/two.mov', isProxy);
    await becomes('night/one.mov', isProxy);
    await becomes('day/one.mov', (each) => each === undefined);
    await rename(seen('night'), seen('evening'));
    await becomes('evening/deep/two.mov', isProxy);
    const proxySize = (await entry('evening/one.mov'))?.proxySize;
    t.equal((await stat(seen('evening/one.mov'))).size, proxySize, 'through the mount, too');
    t.equal(await encodes(), 3, 'no move has cost an encode');

    await run('ls', ['-lR', mountPoint]);
    const unmounted = await untilDone(() => run('umount', [card]), 4000);
    t.ok(unmounted, 'nothing that the daemon keeps holds the drive');
    await becomes('card/three.mov', (each) => each?.state === 'offline');
    t.match(await client.call('status', {}), {
      follow: { offline: [{ path: 'card', names: 1, reason: /nothing is mounted/ }] },
    });
    const why = await client.call('why', { path: 'card/three.mov' });
    t.match(why, { served: { state: 'offline' }, because: [/is offline/, /proxy is kept/], wayOut: /connect/ });
    await t.rejects(client.call('plan', { path: 'card/three.mov' }), { code: 'source/missing', message: /offline/ });
    await t.rejects(open(seen('card/three.mov')), { code: 'ENOENT' });
    await run('mount', ['--bind', drive, card]);
    await becomes('card/three.mov', isProxy);
    t.ok(
      await untilDone(() => stat(seen('card/three.mov')), 2000),
      'the kernel forgets within a second what was not there',
    );
    // Pulled out while somebody reads: what is open reads on.
    const held = await open(seen('card/three.mov'));
    t.teardown(() => held.close().catch(() => undefined));
    const before = await held.readFile();
    await run('umount', ['-l', card]);
    await becomes('card/three.mov', (each) => each?.state === 'offline');
    const again = Buffer.alloc(before.length);
    await held.read(again, 0, again.length, 0);
    t.ok(again.equals(before), 'a program that holds the proxy reads on');
    await held.close();
    await run('mount', ['--bind', drive, card]);
    await becomes('card/three.mov', isProxy);
    t.equal(await encodes(), 3, 'and coming back costs none');
    t.match(await client.call('status', {}), { follow: { offline: [] }, assets: { total: 3, ready: 3 } });

    // A copy through the mount that pauses for longer than a file takes to settle.
    const clip = await readFile(join(dir, 'four.mov'));
    const copy = await open(seen('evening/four.mov'), 'w');
    await copy.write(clip.subarray(0, clip.length / 2));
    await sleep(1500);
    t.match(await entry('evening/four.mov'), { state: 'unknown', reason: /still growing/ });
    await copy.write(clip.subarray(clip.length / 2));
    await copy.close();
    await becomes('evening/four.mov', isProxy, 15_000);
    t.equal(await encodes(), 4);
    t.match((await client.call('history', { path: 'evening/four.mov' })).events.filter(isRejected), []);
  },
);

const isRejected = ({ kind }: { readonly kind: string }): boolean => kind === 'rejected' || kind === 'failed';

/** Whether it succeeds in time. */
async function untilDone(act: () => Promise<unknown>, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(100)) {
    if (await act().then(Boolean, () => false)) return true;
  }
  return false;
}
