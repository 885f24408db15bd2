/** FFmpeg is updated under a running daemon: from then on proxies are known by the build that made them. */

import { chmod, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';
import { projectFolders } from '../fixtures/project-folders.js';

t.setTimeout(120_000);
const obstacle = await generationObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

t.test('proxies that are made after an update of FFmpeg are known by the new build', skip, async (t) => {
  const { dir, source, mountPoint, stateDir } = await projectFolders(t, 'replaced');
  const ffmpegPath = join(dir, 'ffmpeg');
  const write = async (path: string, version: string) => {
    const real = `"\${FFMPEG_PATH:-ffmpeg}" "$@"`;
    const script = `[ "$*" = -version ] && exec sh -c '"\${FFMPEG_PATH:-ffmpeg}" -version | sed "1s/version [^ ]*/version ${version}/"'`;
    await writeFile(path, `#!/bin/sh\n${script}\nexec ${real}\n`);
    await chmod(path, 0o755);
  };
  /** As a package manager does it: written beside, and moved into place. */
  const install = async (version: string) => {
    await write(`${ffmpegPath}.new`, version);
    await rename(`${ffmpegPath}.new`, ffmpegPath);
  };
  /** As somebody does it who keeps several. */
  const link = async (version: string) => {
    await write(join(dir, version), version);
    await symlink(version, `${ffmpegPath}.new`);
    await rename(`${ffmpegPath}.new`, ffmpegPath);
  };
  await install('1-former');
  await makeClip(source, 'a.mov', { frames: 8, audio: [] });
  const client = await connect(
    await launchDaemon({ source, mountPoint, stateDir, mode: 'proxy', workers: 1, ffmpegPath }),
  );
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  const builds = async (path: string) => {
    const { proxies } = await client.call('history', { path });
    return proxies.map(({ ffmpeg }) => ffmpeg.split(' ')[2]);
  };
  await client.call('prewarm', { paths: [''], wait: true });
  t.same(await builds('a.mov'), ['1-former']);
  const { poolKey } = await client.call('plan', { path: 'a.mov' });

  await install('2-newer');
  t.not((await client.call('plan', { path: 'a.mov' })).poolKey, poolKey, 'at once');
  await makeClip(source, 'b.mov', { frames: 9, audio: [] });
  t.match(
    await client.call('prewarm', { paths: [''], wait: true }),
    { alreadyThere: 1, failed: 0 },
    'what is there stays',
  );
  t.same(await builds('b.mov'), ['2-newer']);
  t.same(await builds('a.mov'), ['1-former']);

  await install('3-newest');
  await makeClip(source, 'c.mov', { frames: 10, audio: [] });
  t.match(await client.call('prewarm', { paths: ['c.mov'], wait: true }), { made: 1 });
  t.same(await builds('c.mov'), ['3-newest']);

  await link('4-linked');
  await client.call('plan', { path: 'a.mov' });
  await link('5-switched');
  await makeClip(source, 'd.mov', { frames: 11, audio: [] });
  t.match(await client.call('prewarm', { paths: ['d.mov'], wait: true }), { made: 1 });
  t.same(await builds('d.mov'), ['5-switched'], 'the link is not what is asked');
});
