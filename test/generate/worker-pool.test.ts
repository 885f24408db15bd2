import { readFileSync, statSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blake3 } from '@napi-rs/blake-hash';
import t, { type Test } from 'tap';
import type { VirtualPath } from '../../src/base/paths.js';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { probeMedia } from '../../src/probe/probe.js';
import { type Lie, openProject, type Project, type ProjectOptions } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { wrapper } from '../fixtures/segmenting.js';

// FFmpeg runs some thirty times; a busy machine needs its time for that.
t.setTimeout(180_000);

const v = (path: string) => path as VirtualPath;
const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

async function projectOf(t: Test, options: ProjectOptions = {}): Promise<Project> {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-generate-'));
  const project = await openProject(directory, options);
  t.teardown(async () => {
    project.close();
    await rm(directory, { recursive: true, force: true });
  });
  return project;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

t.test('every eligible clip gets a proxy that equals its master, and each content only one', { skip }, async (t) => {
  const project = await projectOf(t);
  const { source, catalog, pool, toolchain } = project;
  await makeClip(source, 'a.mov', { timecode: '01:00:00;00', rate: '30000/1001', audio: [{}, { layout: 'mono' }] });
  await makeClip(source, 'b.mp4', { rate: '24000/1001' });
  await makeClip(source, 'c.mxf', { timecode: '10:00:00:00' });
  await copyFile(join(source, 'a.mov'), join(source, 'twin.mov'));
  const queued = await project.prewarm();
  t.same(
    queued.map(({ path, kind }) => `${path} ${kind}`),
    ['a.mov', 'b.mp4', 'c.mxf', 'twin.mov'].map((path) => `${path} queued`),
  );
  const finished = await project.work({ workers: 2 });
  const kinds = finished.map(({ path, outcome }) => `${path} ${outcome.kind}`).sort();
  t.same(kinds.filter((line) => line.endsWith(' published')).length, 3, kinds.join(', '));
  t.same(kinds.filter((line) => line.endsWith(' adopted')).length, 1, 'the twin shares the proxy');
  t.equal(project.published().length, 3);
  t.same(project.temporaries(), []);
  for (const path of ['a.mov', 'b.mp4', 'c.mxf']) {
    const asset = catalog.byPath(v(path))!;
    const variant = catalog.variantsOf(asset.id)[0]!;
    const file = pool.fileOf(variant.poolKey, variant.extension);
    const manifest = (await pool.find(variant.poolKey))!;
    t.equal(manifest.output.blake3, blake3(readFileSync(file)).toString('hex'), `${path}: hash`);
    t.equal(manifest.output.size, statSync(file).size, `${path}: size`);
    t.equal(manifest.command[0], toolchain.ffmpeg);
    t.ok(manifest.validation.checks.length > 5);
    const [master, proxy] = await Promise.all([asset.media!, probeMedia(toolchain, file)]);
    const pictures = [master, proxy].map((media) => media.streams.find((stream) => stream.kind === 'video')!);
    t.equal(pictures[1]?.frames, pictures[0]?.frames, `${path}: frames`);
    t.equal(proxy.timecode, master.timecode, `${path}: timecode`);
  }
  const again = await project.prewarm();
  t.same(new Set(again.map(({ kind }) => kind)), new Set(['already-there']));
  await rm(pool.fileOf(catalog.variantsOf(catalog.byPath(v('b.mp4'))!.id)[0]!.poolKey, '.mp4'));
  const healed = await project.prewarm();
  t.equal(
    healed.find(({ path }) => path === 'b.mp4')?.kind,
    'queued',
    'a proxy that vanished from the pool is made again',
  );
});

const FINAL: readonly { lie: Lie; reason: RegExp; rejected: boolean }[] = [
  { lie: 'writes-nothing', reason: /finished file.*no file/, rejected: true },
  // Without a path: a thousand such failures have one reason.
  { lie: 'writes-garbage', reason: /finished file[^/]*: the proxy: Invalid data[^/]*$/, rejected: true },
  { lie: 'truncates', reason: /./, rejected: true },
  { lie: 'drops-a-frame', reason: /expected 24, found 23/, rejected: true },
  { lie: 'fails', reason: /Invalid data found/, rejected: false },
];

for (const { lie, reason, rejected } of FINAL) {
  t.test(
    `an ffmpeg that ${lie.replaceAll('-', ' ')} publishes nothing, is not tried twice, and the reason is kept`,
    { skip },
    async (t) => {
      const project = await projectOf(t, { lie });
      await makeClip(project.source, 'a.mov');
      await project.prewarm();
      const finished = await project.work();
      t.match(finished, [{ outcome: { kind: 'failed', reason, rejected } }]);
      t.equal(finished.length, 1);
      t.same(project.published(), []);
      t.same(project.temporaries(), []);
      t.match(project.catalog.failures(), [{ path: 'a.mov', reason, rejected }]);
      t.match(await project.prewarm(), [{ kind: 'failed', reason }]);
      t.match(await project.prewarm({ retryFailed: true }), [{ kind: 'queued' }]);
      t.same(project.catalog.failures(), [], 'whoever asks again starts afresh');
    },
  );
}

t.test('a failure that may pass is tried again', { skip }, async (t) => {
  for (const lie of ['killed-once', 'hangs-once', 'crashes-in-the-check-once'] as const) {
    const project = await projectOf(t, { lie, stallMs: 3000 });
    await makeClip(project.source, 'a.mov');
    await project.prewarm();
    const finished = await project.work();
    t.same(
      finished.map(({ outcome }) => outcome.kind),
      ['retry', 'published'],
      lie,
    );
    t.same(project.temporaries(), []);
  }
});

t.test('a job whose file has changed since makes room for one of the file as it is, at once', { skip }, async (t) => {
  const project = await projectOf(t, {});
  await makeClip(project.source, 'a.mov', { frames: 6 });
  await project.prewarm();
  await makeClip(project.source, 'a.mov', { frames: 8 });
  const { catalog, queue } = project;
  const [before] = queue.list();
  await project.prewarm({ only: 'nothing there' });
  const began = performance.now();
  const finished = await project.work({ backOffMs: 60_000 });
  t.match(finished, [
    { outcome: { kind: 'replaced', reason: /file or its recipe changed/ } },
    { outcome: { kind: 'published' } },
  ]);
  t.ok(performance.now() - began < 30_000, 'nothing is waited for');
  t.not(catalog.variantsOf(before?.asset ?? (0 as never))[0]?.poolKey, before?.poolKey);
});

t.test('a failure that keeps coming back is final', { skip }, async (t) => {
  const project = await projectOf(t, { lie: 'hangs', stallMs: 300 });
  await makeClip(project.source, 'a.mov');
  await project.prewarm();
  const finished = await project.work();
  t.equal(finished.length, 2);
  t.equal(finished.at(-1)?.outcome.kind, 'failed');
  t.same([...project.published(), ...project.temporaries()], []);
});

t.test('a full disk pauses the workers with a sentence, and costs no job', { skip }, async (t) => {
  const project = await projectOf(t, { lie: 'disk-full' });
  await makeClip(project.source, 'a.mov');
  await project.prewarm();
  const outcomes: string[] = [];
  const workers = new WorkerPool(project, {
    reserveBytes: 0,
    onFinished: ({ outcome }) => outcomes.push(outcome.kind),
  });
  t.teardown(() => workers.stop());
  await workers.start();
  for (let times = 1; times <= 4; times += 1) {
    await until(() => outcomes.length === times && workers.pausedBecause() !== undefined);
    t.match(workers.pausedBecause(), /is full .* free some space/);
    t.match(project.queue.counts(), { waiting: 1, running: 0, failed: 0 }, `after ${times} tries`);
    workers.wake();
  }
  t.same([...project.published(), ...project.temporaries()], []);
});

t.test('while FFmpeg cannot be started the workers wait for it, and no clip is to blame', { skip }, async (t) => {
  const folder = t.testdir();
  const program = wrapper(folder, '');
  const project = await projectOf(t, { ffmpeg: program });
  for (const name of ['a.mov', 'b.mov', 'c.mov'])
    await makeClip(project.source, name, { frames: 5 + name.charCodeAt(0) });
  await project.prewarm();
  const outcomes: string[] = [];
  const onFinished = ({ outcome }: FinishedJob) => outcomes.push(outcome.kind);
  const workers = new WorkerPool(project, { workers: 2, reserveBytes: 0, backOffMs: 1, onFinished });
  t.teardown(() => workers.stop());
  const aside = join(folder, 'aside');
  await rename(program, aside);
  await workers.start();
  await until(() => workers.pausedBecause() !== undefined && workers.running().length === 0);
  t.match(workers.pausedBecause(), /ffmpeg cannot be started \(.*No such file.*\): install it again, .* stays queued/);
  t.equal(workers.obstacle, 'ffmpeg/missing');
  // Half of an update: the program is there, a library is not.
  await writeFile(program, '#!/bin/sh\necho "error while loading shared libraries: libavcodec.so.59" >&2\nexit 127\n');
  await chmod(program, 0o755);
  workers.wake();
  await until(() => /libavcodec/.test(workers.pausedBecause() ?? ''));
  t.match(project.queue.counts(), { waiting: 3, running: 0, failed: 0 });
  t.same(project.catalog.failures(), []);
  await rename(aside, program);
  workers.wake();
  await until(() => project.queue.counts().done === 3);
  t.equal(workers.pausedBecause(), undefined);
  t.same(new Set(project.queue.list().map(({ attempts }) => attempts)), new Set([1]), 'it cost no attempt');
  t.same(new Set(outcomes), new Set(['no-ffmpeg', 'published']));
});

t.test('a machine that was asleep goes on with what it was doing', { skip }, async (t) => {
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  const project = await projectOf(t, { lie: 'slow', clock });
  await makeClip(project.source, 'a.mov', { frames: 60 });
  await project.prewarm();
  const outcomes: string[] = [];
  const onFinished = ({ outcome }: FinishedJob) => outcomes.push(outcome.kind);
  const workers = new WorkerPool(project, { workers: 2, reserveBytes: 0, onFinished });
  t.teardown(() => workers.stop());
  await workers.start();
  for (let nights = 0; nights < 4; nights += 1) {
    await until(() => (workers.running()[0]?.frame ?? 0) > 0);
    clock.ahead += 8 * 3_600_000;
    // The other worker looks for something to do at once.
    workers.wake();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await until(() => project.queue.counts().done === 1);
  t.same(outcomes, ['published']);
  t.match(project.queue.list(), [{ attempts: 1 }]);
});

t.test('a clip for which there can be no room is set aside, and the others are made', { skip }, async (t) => {
  const project = await projectOf(t);
  for (const name of ['a.mov', 'b.mov']) await makeClip(project.source, name, { frames: 5 + name.charCodeAt(0) });
  await project.prewarm();
  const refuse = async ({ path }: { path: string }) => (path === 'a.mov' ? 'too large for the pool' : undefined);
  const outcomes: (readonly [string | undefined, string])[] = [];
  const onFinished = ({ path, outcome }: FinishedJob) => outcomes.push([path, outcome.kind]);
  const workers = new WorkerPool({ ...project, refuse }, { workers: 1, reserveBytes: 0, onFinished });
  t.teardown(() => workers.stop());
  await workers.start();
  await until(() => outcomes.length === 2);
  t.same(outcomes, [
    ['a.mov', 'failed'],
    ['b.mov', 'published'],
  ]);
  t.match(project.catalog.failures(), [{ path: 'a.mov', reason: 'too large for the pool', rejected: false }]);
  t.match(project.queue.list({ state: 'failed' }), [{ attempts: 1, reason: 'too large for the pool' }]);
});

t.test('a master that changes while its proxy is made gets none', { skip }, async (t) => {
  const project = await projectOf(t, { lie: 'changes-master' });
  await makeClip(project.source, 'a.mov');
  await project.prewarm();
  t.match(await project.work(), [{ outcome: { kind: 'outdated', reason: /changed/ } }]);
  t.same([...project.published(), ...project.temporaries()], []);
  t.same(project.catalog.failures(), []);
});

t.test('of a master that is removed or replaced meanwhile nothing more is encoded', { skip }, async (t) => {
  const project = await projectOf(t, { lie: 'slow' });
  const [gone, other] = [await makeClip(project.source, 'gone.mov', { frames: 1000 }), join(project.source, 'b.mov')];
  await copyFile(gone, other);
  await writeFile(other, 'another', { flag: 'a' });
  await project.prewarm();
  const work = project.work({ workers: 2 });
  await until(() => project.temporaries().length === 2);
  const begun = performance.now();
  await rm(gone);
  await writeFile(`${other}.new`, 'replaced');
  await rename(`${other}.new`, other);
  const ends = (await work).map(({ outcome }) => outcome.kind);
  t.same(ends, ['outdated', 'outdated']);
  t.ok(performance.now() - begun < 30_000, 'long before the end of the clips, which take 40 s');
  t.same([...project.published(), ...project.temporaries(), ...project.catalog.failures()], []);
});

t.test(
  'running jobs show their progress, a stop gives them back, and a new start finishes them',
  { skip },
  async (t) => {
    const project = await projectOf(t, { lie: 'slow' });
    await makeClip(project.source, 'a.mov', { frames: 60 });
    await project.prewarm();
    const workers = new WorkerPool(project, { workers: 1, reserveBytes: 0 });
    t.teardown(() => workers.stop());
    await workers.start();
    await until(() => (workers.running()[0]?.etaSeconds ?? null) !== null);
    t.match(workers.running(), [{ path: 'a.mov', frames: 60, fps: Number, speed: Number, etaSeconds: Number }]);
    t.equal(project.temporaries().length, 1);
    t.same(project.published(), [], 'nobody sees a proxy in the making');
    const stopping = performance.now();
    await workers.stop();
    t.ok(performance.now() - stopping < 2000);
    t.same(project.temporaries(), []);
    t.same(workers.running(), []);
    t.match(project.queue.list(), [{ state: 'waiting', attempts: 0 }]);
    await workers.start();
    await until(() => project.queue.counts().done === 1);
    t.equal(project.published().length, 1);
  },
);

t.test('a cancelled job stops encoding within its lease', { skip }, async (t) => {
  const project = await projectOf(t, { lie: 'slow' });
  await makeClip(project.source, 'a.mov', { frames: 100 });
  await project.prewarm();
  const outcomes: string[] = [];
  const onFinished = ({ outcome }: { outcome: { kind: string } }) => outcomes.push(outcome.kind);
  const workers = new WorkerPool(project, { workers: 1, reserveBytes: 0, leaseMs: 600, onFinished });
  t.teardown(() => workers.stop());
  await workers.start();
  await until(() => workers.running().length === 1);
  project.queue.cancel(project.queue.list().map(({ id }) => id));
  await until(() => outcomes.length === 1);
  t.same(outcomes, ['interrupted']);
  t.same([...project.published(), ...project.temporaries()], []);
  t.match(project.queue.counts(), { cancelled: 1 });
});

t.test('no encoder starts while the disk is short, and the reason is told', { skip }, async (t) => {
  const project = await projectOf(t);
  await makeClip(project.source, 'a.mov');
  await project.prewarm();
  const workers = new WorkerPool(project, { reserveBytes: Number.MAX_SAFE_INTEGER });
  t.teardown(() => workers.stop());
  await workers.start();
  await until(() => workers.pausedBecause() !== undefined);
  t.match(workers.pausedBecause(), /free at .* reserve; free some space/);
  t.match(project.queue.counts(), { waiting: 1, running: 0 });
});
