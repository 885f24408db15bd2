/** MLT, the engine of Kdenlive and Shotcut, renders one project from the mount in both modes. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { makeClip } from '../fixtures/media.js';
import { mountObstacle } from '../fixtures/mount-obstacle.js';
import { runAsProcess } from '../fixtures/run-proxyfs.js';

const run = promisify(execFile);
t.setTimeout(120_000);

async function obstacle(): Promise<{ skip?: string }> {
  const mount = await mountObstacle();
  if (mount.skip !== undefined) return mount;
  try {
    await run('melt', ['--version']);
    await run('ffmpeg', ['-version']);
    return {};
  } catch {
    return { skip: 'needs ffmpeg and melt' };
  }
}

t.test('a project renders from proxies and from masters without a change', await obstacle(), async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-mlt-')));
  const [source, show] = [join(dir, 'source'), join(dir, 'show')];
  const env = { XDG_RUNTIME_DIR: join(dir, 'run'), XDG_STATE_HOME: join(dir, 'state'), PROXYFS_SETTLE_MS: '100' };
  const proxyfs = async (...words: string[]) => {
    const { exitCode, stderr } = await runAsProcess(words, { env, cwd: '/' });
    t.equal(exitCode, 0, `${words.join(' ')} ${stderr}`);
  };
  t.teardown(async () => {
    await runAsProcess(['unmount', '--force', show], { env });
    await rm(dir, { recursive: true, force: true });
  });
  await Promise.all([source, show].map((each) => mkdir(each)));
  for (const name of ['one.mov', 'two.mov']) await makeClip(source, name, { frames: 30 });
  await proxyfs('mount', source, show);
  await proxyfs('prewarm', show);
  const project = join(show, 'cut.mlt');
  await writeFile(project, timeline(show));
  const pictures: string[] = [];
  for (const mode of ['proxy', 'master', 'proxy']) {
    await proxyfs('mode', mode, '--project', show);
    const render = join(show, `render-${pictures.length}.mov`);
    const consumer = [`avformat:${render}`, 'vcodec=mjpeg', 'an=1', 'threads=1', 'real_time=-1'];
    await run('melt', [project, '-consumer', ...consumer], { env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' } });
    const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', render, '-f', 'framemd5', '-']);
    pictures.push(stdout.replace(/^#.*\n/gm, ''));
    t.equal(pictures.at(-1)?.trim().split('\n').length, 45, `${mode}: every frame of the cut`);
  }
  t.equal(pictures[2], pictures[0], 'the proxies are the same again');
  t.not(pictures[1], pictures[0], 'masters look better');
  t.equal(await readFile(project, 'utf8'), timeline(show));
});

/** 20 frames of one clip and 25 of the other. */
function timeline(root: string): string {
  const clip = (id: string, name: string) =>
    `<producer id="${id}"><property name="resource">${name}</property>` +
    '<property name="mlt_service">avformat</property><property name="audio_index">-1</property></producer>';
  return `<mlt root="${root}" producer="timeline">
  <profile width="320" height="180" frame_rate_num="25" frame_rate_den="1" sample_aspect_num="1" sample_aspect_den="1"
    display_aspect_num="16" display_aspect_den="9" progressive="1"/>
  ${clip('a', 'one.mov')}
  ${clip('b', 'two.mov')}
  <playlist id="timeline"><entry producer="a" in="5" out="24"/><entry producer="b" in="0" out="24"/></playlist>
</mlt>
`;
}
