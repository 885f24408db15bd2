/** Recordings that go on behind the mount: what is served at every moment is the master as it is, or a proxy of all of it. */

import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

const run = promisify(execFile);
t.setTimeout(240_000);
const obstacle = await generationObstacle();

t.test('a recording has no proxy of a part of it', { skip: obstacle ?? false }, async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-recordings-')));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const env = { XDG_RUNTIME_DIR: 'run', XDG_STATE_HOME: 'state', XDG_CONFIG_HOME: 'config' };
  for (const [name, folder] of Object.entries(env)) process.env[name] = join(dir, folder);
  const [source, mountPoint] = [join(dir, 'source'), join(dir, 'mnt')];
  await Promise.all([source, mountPoint].map((folder) => mkdir(folder)));
  const small = { frames: 50, width: 128, height: 72 };
  const whole = new Map<string, Buffer>();
  for (const [name, extra] of [
    ['closed-late.mxf', ['-f', 'mxf', '-seekable', '0']],
    ['header-last.mov', []],
    ['fragments.mp4', ['-g', '10', '-movflags', 'frag_keyframe+empty_moov']],
  ] as const) {
    whole.set(name, await readFile(await makeClip(dir, name, { ...small, extra: [...extra] })));
  }
  /** Between two fragments, where the file looks as if it were complete. */
  const half = (name: string) => {
    const bytes = whole.get(name) ?? Buffer.alloc(0);
    return extname(name) === '.mp4' ? bytes.indexOf('moof', bytes.length / 2) - 4 : Math.floor(bytes.length / 2);
  };
  for (const [name, bytes] of whole) await writeFile(join(source, name), bytes.subarray(0, half(name)));

  const record = await launchDaemon({ source, mountPoint, settleMs: 100, pictures: false });
  const client = await connect(record);
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  const served = async (path: string) => (await client.call('why', { path })).served;
  const until = async (path: string, is: (file: Awaited<ReturnType<typeof served>>) => boolean) => {
    for (;;) {
      const file = await served(path);
      if (is(file)) return file;
      await sleep(100);
    }
  };
  const open = await until('closed-late.mxf', ({ state }) => state === 'ineligible');
  t.match(open, { variant: 'master', reason: /recorder has not closed it/ });
  const headless = await until('header-last.mov', ({ state }) => state === 'ineligible');
  t.match(headless, { variant: 'master', reason: /no header \(moov\)/ });
  await until('fragments.mp4', ({ variant }) => variant === 'proxy');
  const soFar = await packets(join(mountPoint, 'fragments.mp4'));
  t.ok(soFar > 0 && soFar < 50, 'of fragments, what there was when they rested');

  for (const [name, bytes] of whole) await appendFile(join(source, name), bytes.subarray(half(name)));
  let now = soFar;
  // The kernel may remember for a second what it was told of a path.
  for (; now === soFar; await sleep(50)) now = await packets(join(mountPoint, 'fragments.mp4'));
  t.equal(now, 50, 'what was added is served, and nothing in between');
  for (const name of whole.keys()) {
    await until(name, ({ variant }) => variant === 'proxy');
    t.equal(await packets(join(mountPoint, name)), 50, name);
  }
});

async function packets(file: string): Promise<number> {
  const words = ['-count_packets', '-select_streams', 'v', '-show_entries', 'stream=nb_read_packets'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...words, '-of', 'default=nk=1:nw=1', `file:${file}`]);
  return Number(stdout.trim());
}
