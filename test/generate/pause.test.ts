/** Pauses, priorities and cancelling, with an FFmpeg that takes the clip's own time. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ROOT, type VirtualPath } from '../../src/base/paths.js';
import { isMortal } from '../../src/ffmpeg/launcher.js';
import { WorkerPool } from '../../src/generate/worker-pool.js';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(120_000);
const lacks = (await hasFfmpeg())
  ? (await isMortal())
    ? false
    : 'setpriv is not installed'
  : 'ffmpeg is not installed';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

/** Clips of two seconds, each queued in the backlog, and one worker. */
async function atWork(t: Test, names: readonly string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-pause-'));
  const project = await openProject(directory, { lie: 'slow' });
  // Equal clips would share one proxy.
  for (const [index, name] of names.entries()) await makeClip(project.source, name, { frames: 50 + index, audio: [] });
  await project.prewarm({ jobClass: 'backlog' });
  const finished: string[] = [];
  const workers = new WorkerPool(project, {
    ...{ workers: 1, reserveBytes: 0 },
    onFinished: ({ path, outcome }) => finished.push(`${path} ${outcome.kind}`),
  });
  t.teardown(async () => {
    await workers.stop();
    project.close();
    await rm(directory, { recursive: true, force: true });
  });
  await workers.start();
  await until(() => (workers.running()[0]?.frame ?? 0) > 0);
  return { project, workers, finished };
}

t.test(
  'a pause of everything holds the encode up, a resume lets it end, and no work is done twice',
  { skip: lacks },
  async (t) => {
    const { project, workers, finished } = await atWork(t, ['a.mov']);
    project.queue.pause({ path: ROOT, jobClass: undefined });
    workers.recheck();
    t.equal(workers.suspended().size, 1);
    await sleep(200);
    const frame = workers.running()[0]?.frame;
    await sleep(1500);
    t.equal(workers.running()[0]?.frame, frame, 'it stands still');
    t.equal(project.temporaries().length, 1, 'and keeps what it has done');
    project.queue.resume({ path: ROOT, jobClass: undefined });
    workers.recheck();
    await until(() => finished.length === 1);
    t.same(finished, ['a.mov published']);
    t.match(project.queue.list(), [{ state: 'done', attempts: 1 }]);
  },
);

t.test(
  'a pause of a path gives its job back and lets others go on; a cancel ends a job at once',
  { skip: lacks },
  async (t) => {
    const { project, workers, finished } = await atWork(t, ['a.mov', 'b.mov']);
    project.queue.pause({ path: 'a.mov' as VirtualPath, jobClass: undefined });
    workers.recheck();
    await until(() => workers.running()[0]?.path === 'b.mov');
    t.same(finished, ['a.mov interrupted']);
    const [held] = project.queue.list({ state: 'waiting' });
    t.match(held, { path: 'a.mov', attempts: 0, hold: { path: 'a.mov' } });
    const [running] = project.queue.list({ state: 'running' });
    if (running === undefined) throw new Error('nothing runs');
    const asked = performance.now();
    t.equal(project.queue.cancel([running.id], 'by hand'), 1);
    workers.recheck();
    await until(() => finished.length === 2);
    t.ok(performance.now() - asked < 2000);
    t.same(project.temporaries(), []);
    t.match(project.queue.counts(), { waiting: 1, running: 0, cancelled: 1 });
  },
);

t.test(
  'a clip that is opened goes before the one that is being made, which goes on afterwards',
  { skip: lacks },
  async (t) => {
    const { project, workers, finished } = await atWork(t, ['a.mov', 'b.mov']);
    await project.prewarm({ jobClass: 'interactive', only: 'b.mov' });
    workers.wake();
    await until(() => workers.running().length === 2);
    t.equal(workers.suspended().size, 1);
    await until(() => finished.length === 2);
    t.same(finished, ['b.mov published', 'a.mov published']);
    t.match(project.queue.list(), [{ attempts: 1 }, { attempts: 1 }]);
  },
);
