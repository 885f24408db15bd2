/** A daemon whose catalog is gone takes its proxies back from the pool. */

import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type Client, connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { chooseDriver } from '../../src/mount/drivers.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(120_000);
const noDriver = await chooseDriver('auto').then(
  () => undefined,
  (error: unknown) => String(error),
);
const obstacle = noDriver ?? ((await hasFfmpeg()) ? undefined : 'ffmpeg is not installed');

t.test('a lost catalog is rebuilt, and nothing is encoded again', obstacle ? { skip: obstacle } : {}, async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-lost-')));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const [source, mountPoint, stateDir] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'state')];
  for (const path of [source, mountPoint, join(dir, 'other')]) await mkdir(path);
  Object.assign(process.env, { XDG_RUNTIME_DIR: join(dir, 'run'), PROXYFS_SETTLE_MS: '50' });
  await makeClip(source, 'a.mov', { frames: 5, extra: ['-qscale:v', '2'] });
  await makeClip(source, 'b.mxf', { frames: 5 });

  const session = async (work: (client: Client) => Promise<void>) => {
    const client = await connect(await launchDaemon({ source, mountPoint, stateDir }));
    try {
      await work(client);
    } finally {
      await client.call('unmount', { force: true });
      client.close();
      await untilFree(stateDir);
    }
  };
  const prewarm = (client: Client) => client.call('prewarm', { paths: [''], wait: true });
  const published = async () =>
    (await readdir(join(stateDir, 'pool', 'objects'), { recursive: true })).filter((name) => !/^..$/.test(name)).sort();

  await session(async (client) => {
    const { made, alreadyThere, failed } = await prewarm(client);
    t.same({ done: made + alreadyThere, failed }, { done: 2, failed: 0 });
  });
  const before = await published();
  t.equal(before.length, 10, 'two proxies, each with its manifest, poster, sheet and index');

  await forgetCatalog(stateDir);
  process.env['PROXYFS_FFMPEG'] = await otherBuild(join(dir, 'other'));
  t.teardown(() => delete process.env['PROXYFS_FFMPEG']);
  await session(async (client) => {
    const { alreadyThere, made } = await prewarm(client);
    t.same({ alreadyThere, made }, { alreadyThere: 2, made: 0 }, 'also when FFmpeg was updated meanwhile');
    t.match(await client.call('assert', { mode: 'proxy', paths: [''] }), { checked: 2, wrongCount: 0 });
    t.match(await client.call('status', {}), { assets: { ready: 2 }, jobs: { done: 0, waiting: 0, running: 0 } });
  });
  await forgetCatalog(stateDir);
  await session(async (client) => {
    for (let left = 200; (await client.call('status', {})).serving.proxy < 2 && left > 0; left -= 1) await sleep(50);
    t.match(await client.call('status', {}), { serving: { proxy: 2 } }, 'without anybody asking');
  });
  t.same(await published(), before);
});

async function forgetCatalog(stateDir: string): Promise<void> {
  const names = (await readdir(stateDir)).filter((name) => name.startsWith('catalog.db'));
  await Promise.all(names.map((name) => rm(join(stateDir, name))));
}

/** The same programs under another version. */
async function otherBuild(dir: string): Promise<string> {
  const { ffmpeg, ffprobe } = await locateFfmpeg({});
  for (const [name, program] of Object.entries({ ffmpeg, ffprobe })) {
    const script = `#!/bin/sh\ncase "$*" in *-version*) '${program}' "$@" | sed '1s/version [^ ]*/version 99.9/' ;; *) exec '${program}' "$@" ;; esac\n`;
    await writeFile(join(dir, name), script);
    await chmod(join(dir, name), 0o755);
  }
  return join(dir, 'ffmpeg');
}

/** The daemon answers before it has closed its catalog, which removes the log of SQLite. */
async function untilFree(stateDir: string): Promise<void> {
  const isOpen = () =>
    stat(join(stateDir, 'catalog.db-wal')).then(
      () => true,
      () => false,
    );
  for (let left = 200; left > 0 && (await isOpen()); left -= 1) await sleep(25);
}
