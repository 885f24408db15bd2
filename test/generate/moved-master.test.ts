/** Footage that is renamed, or away for a while, while its proxy is made: nothing has failed, and its proxy is made. */

import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { openProject, type ProjectOptions } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { LONG, wrapper } from '../fixtures/segmenting.js';

t.setTimeout(120_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

/** Renames it once, between two programs of a job, and goes on when the test has taken note of it. */
const renaming = (directory: string) => `
cd '${directory}'
case "$*" in *-progress*) if [ ! -e done ]; then
  "\${FFMPEG_PATH:-ffmpeg}" "$@" || exit
  mv source/day source/night
  : >done
  while [ ! -e noted ]; do sleep 0.02; done
  exit
fi ;; esac`;

async function whileItIsMade(t: Test, options: ProjectOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-moved-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'source/day'), { recursive: true });
  await makeClip(join(directory, 'source/day'), 'clip.mov', LONG);
  const ffmpeg = wrapper(directory, renaming(directory));
  const project = await openProject(directory, { ...options, ffmpeg });
  t.teardown(() => project.close());
  await project.prewarm();
  const work = project.work();
  while (!existsSync(join(directory, 'done'))) await sleep(10);
  // The source is followed meanwhile.
  await project.prewarm({ jobClass: 'footage' });
  await writeFile(join(directory, 'noted'), '');
  return { finished: await work, project };
}

for (const segmentSeconds of [0, 2]) {
  const how = segmentSeconds === 0 ? 'in one piece' : 'in segments';
  t.test(`a clip whose folder is renamed while it is encoded ${how} gets its proxy`, skip, async (t) => {
    const { finished, project } = await whileItIsMade(t, { segmentSeconds });
    t.match(finished.at(-1)?.outcome, { kind: 'published' });
    t.same(project.catalog.failures(), []);
    t.equal(project.published().length, 1);
    t.same(project.queue.counts(), { waiting: 0, running: 0, done: 1, failed: 0, cancelled: 0 });
    if (segmentSeconds === 0) t.equal(finished.length, 1, 'of what was encoded already');
  });
}

t.test('a clip that was away until its encoder was stopped, and is back by then, is made anew', skip, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-away-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const project = await openProject(directory, { lie: 'slow' });
  t.teardown(() => project.close());
  const clip = await makeClip(project.source, 'clip.mov', { frames: 150 });
  await project.prewarm();
  const finished: FinishedJob[] = [];
  // What a job asks first when it was stopped: until then nobody has looked for the clip.
  const renewToolchain = async () => {
    if (existsSync(`${clip}.away`)) await rename(`${clip}.away`, clip);
    return project.toolchain;
  };
  const options = { workers: 1, reserveBytes: 0, onFinished: (job: FinishedJob) => finished.push(job) };
  const workers = new WorkerPool({ ...project, renewToolchain }, options);
  t.teardown(() => workers.stop());
  await workers.start();
  while (project.temporaries().length === 0) await sleep(10);
  await rename(clip, `${clip}.away`);
  while (!finished.some(({ outcome }) => ['published', 'failed'].includes(outcome.kind))) await sleep(20);
  const ends = finished.map(({ outcome }) => outcome.kind);
  t.same(ends, ['replaced', 'published']);
  t.same(project.catalog.failures(), []);
});
