/** Long masters in segments: resumed after kill -9, taken over when the master changes, and given up when they do not fit. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { openProject } from '../fixtures/generation.js';
import { damagedFiles } from '../fixtures/kill-loop.js';
import { type ClipOptions, hasFfmpeg, makeClip } from '../fixtures/media.js';
import { encodes, LOGGING, LONG, manifestOf, recordsIn, segmentsOf, wrapper } from '../fixtures/segmenting.js';

const HOST = fileURLToPath(new URL('../fixtures/segment-host.js', import.meta.url));
t.setTimeout(400_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

/** Every row but the first gets other frames than a decode from the beginning. */
const edited = (script: string) => `
for word; do
  case $word in trim=start=*) word=$(echo "$word" | ${script}) ;; esac
  set -- "$@" "$word"; shift
done`;
const LATE = edited("awk -F'[=:,]' '{ from=$3; to=$5; sub(from, from + 0.04); sub(to, to + 0.04); print }'");
const BROKEN = edited('sed "s/select=/negate=enable=lt(n\\\\\\,4),select=/"');

async function projectIn(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-segmented-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'source'));
  return directory;
}

/** The same clip in one piece, in a project of its own. */
async function hashOfWhole(t: Test, master: string, name: string): Promise<string | undefined> {
  const directory = await projectIn(t);
  await writeFile(join(directory, 'source', name), await readFile(master));
  const project = await openProject(directory);
  await project.prewarm();
  await project.work();
  const manifest = await manifestOf(project);
  t.equal(manifest?.segments, undefined);
  project.close();
  return manifest?.output.blake3;
}

/** A long clip that waits in the queue, and an FFmpeg that logs its calls. */
async function queuedLong(t: Test) {
  const directory = await projectIn(t);
  const master = await makeClip(join(directory, 'source'), 'long.mov', LONG);
  const ffmpeg = wrapper(directory, LOGGING);
  const project = await openProject(directory);
  await project.prewarm();
  const pool = project.pool.directory;
  project.close();
  return { directory, master, ffmpeg, pool, segments: join(pool, 'segments') };
}

t.test('work that was killed goes on at the segment, and the proxy is the same', skip, async (t) => {
  const { directory, master, ffmpeg, pool, segments } = await queuedLong(t);
  const host = spawn(process.execPath, [HOST, directory, ffmpeg], {
    stdio: 'inherit',
    env: { ...process.env, SLOW: '1' },
  });
  const ended = once(host, 'close');
  while (recordsIn(segments).length < 2 && host.exitCode === null) await sleep(20);
  host.kill('SIGKILL');
  await ended;
  const kept = recordsIn(segments);
  t.ok(kept.length >= 2 && kept.length < 5, `segments ${kept} of 5 were there`);
  t.same(damagedFiles(pool), [], 'and nothing was published');
  const begun = encodes(ffmpeg).length;
  // One that the power took in the middle of its file.
  const [folder = ''] = readdirSync(segments);
  writeFileSync(join(segments, folder, '0000.mov'), 'half');

  const project = await openProject(directory, { ffmpeg, segmentSeconds: 2, makesPictures: true });
  t.teardown(() => project.close());
  const told = await project.work();
  t.match(told, [{ outcome: { kind: 'published' } }]);
  const missing = [0, 1, 2, 3, 4].filter((index) => index === 0 || !kept.includes(index));
  t.same(segmentsOf(encodes(ffmpeg).slice(begun)), missing, 'only what was not there, or damaged, was encoded');
  t.notOk(existsSync(join(segments, folder)), 'segments go when their proxy is there');
  const manifest = await manifestOf(project);
  t.match(manifest?.segments, { frames: 50, sources: Array(5).fill(/^[0-9a-f]{64}$/) });
  t.equal(manifest?.output.blake3, await hashOfWhole(t, master, 'long.mov'), 'the same bytes as in one piece');
  t.match(manifest?.pictures, { poster: { width: 320, height: 180 }, sprite: { count: 74, everyFrames: 3 } });
});

t.test('what one encoder made beside the finished file counts up to the first that is damaged', skip, async (t) => {
  const { directory, master, ffmpeg, segments } = await queuedLong(t);
  const env = { ...process.env, SLOW: '1' };
  const host = spawn(process.execPath, [HOST, directory, ffmpeg, '1'], { stdio: 'inherit', env });
  const ended = once(host, 'close');
  while (recordsIn(segments).length < 3 && host.exitCode === null) await sleep(20);
  host.kill('SIGKILL');
  await ended;
  t.equal(encodes(ffmpeg).length, 1, 'one FFmpeg for all');
  const [folder = ''] = readdirSync(segments);
  t.match(recordsIn(segments).slice(0, 3), [0, 1, 2]);
  const damaged = join(segments, folder, '0001.mov');
  const bytes = await readFile(damaged);
  await writeFile(damaged, bytes.fill(255, bytes.length >> 1, (bytes.length >> 1) + 1));

  const project = await openProject(directory, { ffmpeg, segmentSeconds: 2 });
  t.teardown(() => project.close());
  t.match(await project.work(), [{ outcome: { kind: 'published' } }]);
  t.same(segmentsOf(encodes(ffmpeg).slice(1)), [1, 2, 3, 4], 'also what nobody compared with the one before');
  const manifest = await manifestOf(project);
  t.ok(manifest?.command.includes('concat'), 'they were joined');
  t.equal(manifest?.output.blake3, await hashOfWhole(t, master, 'long.mov'), 'the same bytes as in one piece');
  t.same(project.temporaries(), [], 'nothing is left of the file that was interrupted');
});

t.test('of a master that has grown or changed, only what differs is encoded again', skip, async (t) => {
  const directory = await projectIn(t);
  const source = join(directory, 'source');
  const master = await makeClip(source, 'long.mov', { ...LONG, frames: 150 });
  const ffmpeg = wrapper(directory, LOGGING);
  const project = await openProject(directory, { ffmpeg, segmentSeconds: 2 });
  t.teardown(() => project.close());
  const make = async () => {
    const before = encodes(ffmpeg).length;
    await project.prewarm();
    t.match(await project.work(), [{ outcome: { kind: 'published' } }]);
    return encodes(ffmpeg).slice(before);
  };
  t.same(segmentsOf(await make()), [0, 1, 2]);
  t.ok((await manifestOf(project))?.command.includes('tee'), 'by one run, without a join');
  const others = await projectIn(t);
  const become = async (options: ClipOptions) => {
    const other = await makeClip(others, 'other.mov', { ...LONG, ...options });
    // In place, as a recorder or a render does it.
    await writeFile(master, await readFile(other));
    const begun = await make();
    const made = await manifestOf(project);
    t.equal(made?.output.blake3, await hashOfWhole(t, master, 'long.mov'), 'the same bytes as a full encode');
    return segmentsOf(begun);
  };
  const grown = await become({ frames: 220 });
  t.same(grown, [3, 4], 'only the new tail was encoded');
  const changed = await become({ frames: 220, filter: "negate=enable='between(n,110,115)'" });
  t.same(changed, [2], 'only the segment in the middle');
  const filter = "negate=enable='between(n,110,115)'";
  const renamed = await become({ frames: 220, filter, timecode: '02:00:00:00' });
  t.same(renamed, [], 'the same frames under another timecode');
  const turned = await become({ frames: 220, filter, timecode: '02:00:00:00', rotation: 90 });
  t.same(turned, [0, 1, 2, 3, 4], 'the shape of the picture is no part of its packets');
  const shorter = await become({ frames: 120, filter, timecode: '02:00:00:00', rotation: 90 });
  t.same(shorter, [2], 'and of one that was cut the segment with its new end');
});

t.test('an MXF clip has its identity, its pictures and the frames of its earlier proxy, too', skip, async (t) => {
  const directory = await projectIn(t);
  const source = join(directory, 'source');
  const options: ClipOptions = { frames: 60, width: 1280, height: 720, timecode: '01:00:00:00' };
  const master = await makeClip(source, 'long.mxf', options);
  const ffmpeg = wrapper(directory, LOGGING);
  const project = await openProject(directory, { ffmpeg, segmentSeconds: 1, makesPictures: true });
  t.teardown(() => project.close());
  await project.prewarm();
  t.match(await project.work(), [{ outcome: { kind: 'published' } }]);
  const first = await manifestOf(project);
  t.equal(first?.segments?.sources.length, 3);
  t.match(first?.pictures, { sprite: { count: 60 } });
  t.equal(first?.output.blake3, await hashOfWhole(t, master, 'long.mxf'));
  const changed = await makeClip(await projectIn(t), 'other.mxf', { ...options, filter: "negate=enable='gte(n,58)'" });
  await writeFile(master, await readFile(changed));
  await project.prewarm();
  t.match(await project.work(), [{ outcome: { kind: 'published' } }]);
  const [, again] = encodes(ffmpeg);
  t.match(again?.segments, { length: 1 }, 'only the last segment was encoded');
  const second = await manifestOf(project);
  t.equal(second?.output.blake3, await hashOfWhole(t, master, 'long.mxf'));
  t.not(second?.output.blake3, first?.output.blake3);
});

t.test('an FFmpeg that is killed in the middle of a segment costs that segment alone', skip, async (t) => {
  const directory = await projectIn(t);
  const master = await makeClip(join(directory, 'source'), 'long.mov', LONG);
  const ffmpeg = wrapper(directory, `SLOW=1\n${LOGGING}`);
  const project = await openProject(directory, { ffmpeg, segmentSeconds: 2 });
  t.teardown(() => project.close());
  await project.prewarm();
  const segments = join(project.pool.directory, 'segments');
  const work = project.work();
  while (recordsIn(segments).length < 2) await sleep(20);
  const [first] = encodes(ffmpeg);
  if (first !== undefined) process.kill(first.pid, 'SIGKILL');
  t.match((await work).at(-1), { outcome: { kind: 'published' } });
  const [begun, again] = encodes(ffmpeg);
  t.same(begun?.segments, [0, 1, 2, 3, 4]);
  t.ok((again?.segments[0] ?? 0) >= 2, `it went on at segment ${again?.segments[0]}`);
  t.equal(encodes(ffmpeg).length, 2);
  t.equal((await manifestOf(project))?.output.blake3, await hashOfWhole(t, master, 'long.mov'));
});

t.test('a lent encoder goes to a job that comes later, after the segment that it is at', skip, async (t) => {
  const directory = await projectIn(t);
  const source = join(directory, 'source');
  await makeClip(source, 'long.mov', LONG);
  const waits = (row: string, file: string) =>
    `case "$*" in *trim=${row}*) while [ ! -e "$0.${file}" ]; do sleep 0.02; done ;; esac`;
  const ffmpeg = wrapper(directory, `${waits('end=', 'own')}\n${waits('start=', 'lent')}\n${LOGGING}`);
  const project = await openProject(directory, { ffmpeg, segmentSeconds: 2 });
  t.teardown(() => project.close());
  const segments = join(project.pool.directory, 'segments');
  const finished: { path: string | undefined; there: number[] }[] = [];
  const onFinished = ({ path }: FinishedJob) => finished.push({ path, there: recordsIn(segments) });
  const workers = new WorkerPool(project, { workers: 2, reserveBytes: 0, onFinished });
  t.teardown(() => workers.stop());
  await project.prewarm();
  await workers.start();
  while (recordsIn(segments).length === 0 && workers.running().length === 0) await sleep(20);
  await makeClip(source, 'short.mov');
  await project.prewarm();
  workers.wake();
  writeFileSync(`${ffmpeg}.lent`, '');
  while (finished.length === 0) await sleep(20);
  t.same(finished, [{ path: 'short.mov', there: [3] }], 'before the last segment, which nobody encoded meanwhile');
  writeFileSync(`${ffmpeg}.own`, '');
  while (finished.length === 1) await sleep(20);
  t.match(finished[1], { path: 'long.mov' });
});

t.test('a master in which a seek leads elsewhere is encoded in one piece', skip, async (t) => {
  for (const lie of [LATE, BROKEN]) {
    const directory = await projectIn(t);
    const master = await makeClip(join(directory, 'source'), 'long.mov', LONG);
    const project = await openProject(directory, { ffmpeg: wrapper(directory, LOGGING + lie), segmentSeconds: 2 });
    await project.prewarm();
    t.match(await project.work({ workers: 2 }), [{ outcome: { kind: 'published' } }]);
    t.ok(encodes(join(directory, 'ffmpeg')).length >= 2, 'it was tried by two encoders');
    const manifest = await manifestOf(project);
    t.equal(manifest?.segments, undefined);
    t.equal(manifest?.output.blake3, await hashOfWhole(t, master, 'long.mov'));
    t.same(readdirSync(join(project.pool.directory, 'segments')), []);
    project.close();
  }
});
