/** A job whose outputs become proxies of a mounted project, without a second encode. */

import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { jobResultSchema } from '../../src/jobspec/result.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';
import { runAsProcess } from '../fixtures/run-proxyfs.js';

t.setTimeout(240_000);
const obstacle = await generationObstacle();

t.test(
  'the outputs of a job are served by a mounted project, and what does not fit is refused before anything runs',
  obstacle === undefined ? {} : { skip: obstacle },
  async (t) => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-publish-')));
    t.teardown(() => rm(root, { recursive: true, force: true }));
    process.env['XDG_RUNTIME_DIR'] = join(root, 'run');
    process.env['XDG_STATE_HOME'] = join(root, 'state');
    const place = { source: join(root, 'source'), mountPoint: join(root, 'mnt') };
    for (const name of ['source', 'mnt', 'out']) await mkdir(join(root, name));
    await makeClip(place.source, 'a.mov', { frames: 5, timecode: '01:00:00:00' });
    await copyFile(join(place.source, 'a.mov'), join(place.source, 'twin.mov'));
    await makeClip(place.source, 'b.mp4', { frames: 4 });
    await makeClip(root, 'stranger.mov', { frames: 3 });

    const record = await launchDaemon(place);
    const client = await connect(record);
    t.teardown(async () => {
      await client.call('unmount', { force: true }).catch(() => undefined);
      client.close();
    });
    await client.call('queue.pause', { paths: [''] });
    const run = async (profile: string, sources: readonly string[], ...flags: string[]) => {
      const spec = { jobspec_version: '2.1', output_dir: join(root, 'out'), output_name_template: '{source_name}' };
      await writeFile(join(root, 'job.json'), JSON.stringify({ ...spec, sources, proxy_profile: profile }));
      const done = await runAsProcess(['run', join(root, 'job.json'), ...flags]);
      return { ...done, result: jobResultSchema.parse(JSON.parse(done.stdout)) };
    };
    const publish = ['--publish', place.mountPoint];

    const refused = await run('proxy_prores_lt', [join(root, 'stranger.mov'), join(place.source, 'b.mp4')], ...publish);
    t.match(refused, { exitCode: 1, result: { clips: [] } });
    t.match(refused.result.violations, [
      { pointer: '/sources/0', message: /is not in the project/ },
      { pointer: '/sources/1', message: /is \.mov, and a mount serves proxies under the name of the master/ },
    ]);

    // One by its place in the source tree, one by its path on the mount, one with the content of the first.
    const sources = [join(place.source, 'a.mov'), join(place.mountPoint, 'b.mp4'), join(place.source, 'twin.mov')];
    const { exitCode, stderr, result } = await run('edit', sources, ...publish);
    t.equal(exitCode, 0, stderr);
    t.match(result.publication, { adopted: 2, refused: 0 });
    t.strictSame(
      result.publication?.clips.map(({ outcome }) => outcome),
      ['adopted', 'adopted', 'already-there'],
    );
    t.equal(result.clips[1]?.master, join(place.source, 'b.mp4'), 'a job reads masters, not what a mount serves');
    for (const name of ['a.mov', 'b.mp4', 'twin.mov']) {
      const [served, made] = await Promise.all(
        [place.mountPoint, join(root, 'out')].map((folder) => readFile(join(folder, name))),
      );
      if (served === undefined || made === undefined) throw new Error('two files were read');
      t.ok(served.equals(made), `${name} is served as the job made it`);
    }
    const told = async (path: string) => (await client.call('history', { path })).events;
    const adopted = (name: string) => [{ kind: 'adopted', facts: { profile: 'edit', from: join(root, 'out', name) } }];
    t.match(await told('a.mov'), adopted('a.mov'), 'the history says what was adopted');
    t.match(await told('b.mp4'), [{ ...adopted('b.mp4')[0], who: { command: /^proxyfs run .*--publish/ } }], 'by whom');
    t.match(await told('twin.mov'), [{ kind: 'adopted', facts: { size: Number } }], 'also out of the pool');

    await makeClip(root, 'other.mov', { frames: 4 });
    const files = [{ path: 'a.mov', file: join(root, 'other.mov') }];
    await client.call('mode.set', { mode: 'proxy', paths: ['a.mov'], profile: 'light' });
    t.match(await client.call('adopt.files', { files }), { refused: 1 });
    t.match((await told('a.mov')).at(-1), {
      ...{ kind: 'rejected', who: { pid: process.pid } },
      facts: { profile: 'light', reason: /other\.mov is not equal to it: .*frame/ },
    });
    t.match(await client.call('status', {}), { jobs: { running: 0, done: 0 } }, 'and nothing was encoded for it');
  },
);
