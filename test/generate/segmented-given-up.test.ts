/** Long masters in segments that are given up on the way: cancelled, paused, or on a disk that is too small. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { VirtualPath } from '../../src/base/paths.js';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { encodes, LOGGING, LONG, manifestOf, recordsIn, wrapper } from '../fixtures/segmenting.js';

t.setTimeout(300_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

async function projectIn(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-segmented-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'source'));
  return directory;
}

/** The 19th field of proc(5)'s stat. */
const niceness = ({ pid }: { readonly pid: number }) =>
  Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]);

t.test('a cancelled clip leaves nothing behind, one that is paused its segments alone', skip, async (t) => {
  const directory = await projectIn(t);
  await makeClip(join(directory, 'source'), 'long.mov', LONG);
  const ffmpeg = wrapper(directory, `SLOW=1\n${LOGGING}`);
  const project = await openProject(directory, { ffmpeg, segmentSeconds: 2 });
  t.teardown(() => project.close());
  const segments = join(project.pool.directory, 'segments');
  const finished: FinishedJob[] = [];
  const onFinished = (job: FinishedJob) => finished.push(job);
  const workers = new WorkerPool(project, { workers: 1, reserveBytes: 0, onFinished });
  t.teardown(() => workers.stop());
  const isGone = (pid: number) => !existsSync(`/proc/${pid}`);
  await project.prewarm();
  await workers.start();
  while (recordsIn(segments).length === 0) await sleep(20);
  t.same(encodes(ffmpeg).map(niceness), [19], 'one encoder, that lets everybody else go first');
  const [disk] = encodes(ffmpeg).map(({ pid }) =>
    execFileSync('ionice', ['-p', `${pid}`], { encoding: 'utf8' }).trim(),
  );
  t.equal(disk, 'idle', 'also to the disks');
  project.queue.pause({ path: 'long.mov' as VirtualPath, jobClass: undefined });
  workers.recheck();
  while (finished.length === 0) await sleep(20);
  t.match(finished, [{ outcome: { kind: 'interrupted' } }]);
  const [folder = ''] = readdirSync(segments);
  const kept = recordsIn(segments);
  const named = (index: number) => ['json', 'mov'].map((type) => `000${index}.${type}`);
  t.same(readdirSync(join(segments, folder)).sort(), [...kept.flatMap(named), 'master'], 'whole segments and no more');
  t.same(
    encodes(ffmpeg).filter(({ pid }) => !isGone(pid)),
    [],
    'and nobody is at work',
  );
  const [row] = workers.running();
  t.equal(row, undefined);

  project.queue.resume({ path: 'long.mov' as VirtualPath, jobClass: undefined });
  workers.wake();
  while (recordsIn(segments).length <= kept.length) await sleep(20);
  t.match(workers.running(), [{ frames: 220, path: 'long.mov' }], 'one job, whatever its parts');
  const job = project.queue.list()[0]?.id;
  if (job === undefined) throw new Error('no job');
  project.queue.cancel([job], 'somebody said so');
  workers.recheck();
  while (finished.length === 1) await sleep(20);
  t.same(readdirSync(segments), [], 'no segments');
  t.same([...project.published(), ...project.temporaries()], []);
  t.same(
    encodes(ffmpeg).filter(({ pid }) => !isGone(pid)),
    [],
  );
});

/** The third field of proc(5)'s stat; Z for what has ended. */
function stateOf({ pid }: { readonly pid: number }): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? 'Z';
  } catch {
    return 'Z';
  }
}

t.test(
  'encoders that are lent stand still at once when fewer may work, and the clip ends all the same',
  skip,
  async (t) => {
    const directory = await projectIn(t);
    await makeClip(join(directory, 'source'), 'long.mov', LONG);
    const ffmpeg = wrapper(directory, `SLOW=1\n${LOGGING}`);
    const project = await openProject(directory, { ffmpeg, segmentSeconds: 2 });
    t.teardown(() => project.close());
    const finished: FinishedJob[] = [];
    const onFinished = (job: FinishedJob) => finished.push(job);
    const workers = new WorkerPool(project, { workers: 2, reserveBytes: 0, onFinished });
    t.teardown(() => workers.stop());
    await project.prewarm();
    await workers.start();
    const states = () => encodes(ffmpeg).map(stateOf);
    const standing = () => states().filter((state) => state === 'T').length;
    const working = () => states().filter((state) => state !== 'T' && state !== 'Z').length;
    while (working() < 2) await sleep(20);
    workers.use({ encoders: 1, awaitedOnly: false });
    // A signal is heard when its process gets a processor.
    while (standing() === 0) await sleep(10);
    t.same([working(), standing()], [1, 1]);
    while (finished.length === 0) {
      if (working() > 1) t.fail('more than one at work');
      await sleep(50);
    }
    t.match(finished, [{ outcome: { kind: 'published' } }]);
  },
);

const obstacle = process.getuid?.() === 0 ? skip : { skip: 'only root can mount a disk' };
t.test(
  'where segments and the finished file do not fit together, the clip is encoded in one piece',
  obstacle,
  async (t) => {
    const directory = await projectIn(t);
    const master = await makeClip(join(directory, 'source'), 'long.mov', LONG);
    const plain = await projectIn(t);
    await writeFile(join(plain, 'source', 'long.mov'), await readFile(master));
    const reference = await openProject(plain);
    await reference.prewarm();
    await reference.work();
    const size = (await manifestOf(reference))?.output.size ?? 0;
    reference.close();
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${Math.ceil(size * 1.5)}`, 'tmpfs', disk]);
    t.teardown(() => execFileSync('umount', [disk]));
    const ffmpeg = wrapper(directory, `SLOW=1\n${LOGGING}`);
    const project = await openProject(directory, { ffmpeg, segmentSeconds: 2, pool: join(disk, 'pool') });
    t.teardown(() => project.close());
    await project.prewarm();
    t.match(await project.work(), [{ outcome: { kind: 'published', size } }]);
    t.equal((await manifestOf(project))?.segments, undefined);
    t.equal(encodes(ffmpeg).length, 1, 'it was tried');
    t.same(readdirSync(join(project.pool.directory, 'segments')), []);
  },
);
