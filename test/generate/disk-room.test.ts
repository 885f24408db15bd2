/** Encoders on a disk that fills up: a small one of its own, in memory. */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(120_000);
const MIB = 1 << 20;
const obstacle = process.getuid?.() !== 0 ? 'only root can mount a disk' : (await hasFfmpeg()) ? false : 'no ffmpeg';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

t.test(
  'a running encoder is stopped before the disk is full, and goes on when there is room',
  { skip: obstacle },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'proxyfs-disk-'));
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
    const project = await openProject(directory, { lie: 'slow', pool: join(disk, 'pool') });
    const outcomes: string[] = [];
    const onFinished = ({ path, outcome }: FinishedJob) => outcomes.push(`${path} ${outcome.kind}`);
    const workers = new WorkerPool(project, { workers: 1, reserveBytes: 40 * MIB, onFinished });
    t.teardown(async () => {
      await workers.stop();
      project.close();
      execFileSync('umount', [disk]);
      await rm(directory, { recursive: true, force: true });
    });
    await makeClip(project.source, 'a.mov', { frames: 60 });
    await makeClip(project.source, 'b.mov', { frames: 10 });
    await project.prewarm();
    await workers.start();
    await until(() => workers.running().length === 1);
    await writeFile(join(disk, 'somebody-else'), Buffer.alloc(50 * MIB));
    await until(() => outcomes.length === 1 && workers.pausedBecause() !== undefined);
    t.same(outcomes, ['a.mov no-space']);
    t.same([...project.published(), ...project.temporaries()], [], 'nothing half-made is left');
    const waiting = project.queue.list({ state: 'waiting' });
    t.match(waiting, [{ path: 'b.mov' }, { path: 'a.mov', attempts: 0 }], 'the job waits behind what may fit');
    t.match(workers.pausedBecause(), /free some space/);
    t.same(project.catalog.failures(), [], 'and the clip is not to blame');
    await rm(join(disk, 'somebody-else'));
    await until(() => project.queue.counts().done === 2);
    t.same(outcomes, ['a.mov no-space', 'b.mov published', 'a.mov published'], 'by itself');
    t.equal(workers.pausedBecause(), undefined);
  },
);

t.test('a clip that does not fit on the disk holds up none that does', { skip: obstacle }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-disk-'));
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  const project = await openProject(directory, { lie: 'slow', pool: join(disk, 'pool') });
  const outcomes: string[] = [];
  const onFinished = ({ path, outcome }: FinishedJob) => outcomes.push(`${path} ${outcome.kind}`);
  const workers = new WorkerPool(project, { workers: 1, reserveBytes: 4 * MIB, onFinished });
  t.teardown(async () => {
    await workers.stop();
    project.close();
    execFileSync('umount', [disk]);
    await rm(directory, { recursive: true, force: true });
  });
  const large = { width: 1280, height: 720, audio: [], filter: 'noise=alls=100:allf=t' };
  await makeClip(project.source, 'large.mov', { ...large, frames: 75 });
  await project.prewarm({ jobClass: 'interactive' });
  await makeClip(project.source, 'larger.mov', { ...large, frames: 80 });
  for (const [index, name] of ['a.mov', 'b.mov'].entries()) await makeClip(project.source, name, { frames: 5 + index });
  await project.prewarm({ jobClass: 'backlog' });
  await workers.start();
  await until(() => project.queue.counts().done === 2 && workers.pausedBecause() !== undefined);
  t.same(outcomes, ['large.mov no-space', 'a.mov published', 'b.mov published'], 'what is larger still is not tried');
  t.match(workers.pausedBecause(), /too little for the next proxy.*free some space/);
  const waiting = project.queue.list({ state: 'waiting' });
  t.match(waiting, [
    { path: 'large.mov', attempts: 0 },
    { path: 'larger.mov', attempts: 0 },
  ]);
  execFileSync('mount', ['-o', 'remount,size=128m', disk]);
  await until(() => project.queue.counts().done === 4);
  t.same(outcomes.slice(3), ['large.mov published', 'larger.mov published'], 'by itself, once there is room');
  t.equal(workers.pausedBecause(), undefined);
});
