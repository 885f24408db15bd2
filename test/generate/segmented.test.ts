/** Long masters in segments: resumed after kill -9, taken over when the master changes, and given up when they do not fit. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ROOT } from '../../src/base/paths.js';
import { openProject, type Project } from '../fixtures/generation.js';
import { damagedFiles } from '../fixtures/kill-loop.js';
import { type ClipOptions, hasFfmpeg, makeClip } from '../fixtures/media.js';

const HOST = fileURLToPath(new URL('../fixtures/segment-host.js', import.meta.url));
t.setTimeout(180_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

/** Five segments of 2 s, the last of which is short. */
const LONG: ClipOptions = { frames: 220, timecode: '01:00:00:00' };
/** The first word of a list is what the wrapper does before it becomes ffmpeg. */
const LOGGING = `case "$*" in *trim=*) echo "$*" >>"$0.log"; sleep "\${SLOW:-0}" ;; esac`;
/** Every segment but the first begins a frame too late and ends one too late. */
const SHIFTED = `
for word; do
  case $word in trim=start=*) word=$(echo "$word" | awk -F'[=:,]' '{ from=$3; to=$5; sub(from, from + 0.04); sub(to, to + 0.04); print }') ;; esac
  set -- "$@" "$word"; shift
done`;

async function projectIn(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-segmented-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'source'));
  return directory;
}

function wrapper(directory: string, before: string): string {
  const file = join(directory, 'ffmpeg');
  writeFileSync(file, `#!/bin/sh\n${before}\nexec "\${FFMPEG_PATH:-ffmpeg}" "$@"\n`, { mode: 0o755 });
  return file;
}

/** Encodes of segments that were begun, by their first frame's time. */
function encodes(ffmpeg: string): string[] {
  const log = `${ffmpeg}.log`;
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  return lines.map((line) => /trim=(?:start=([\d.]+):)?end/.exec(line)?.[1] ?? '0');
}

const manifestOf = (project: Project) => {
  const [asset] = project.catalog.below(ROOT);
  const [variant] = asset === undefined ? [] : project.catalog.variantsOf(asset.id);
  if (variant === undefined) throw new Error('nothing is published');
  return project.pool.find(variant.poolKey);
};

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

t.test('work that was killed goes on at the segment, and the proxy is the same', skip, async (t) => {
  const directory = await projectIn(t);
  const master = await makeClip(join(directory, 'source'), 'long.mov', LONG);
  const ffmpeg = wrapper(directory, LOGGING);
  const first = await openProject(directory);
  await first.prewarm();
  const segments = join(first.pool.directory, 'segments');
  const pool = first.pool.directory;
  first.close();
  const host = spawn(process.execPath, [HOST, directory, ffmpeg], {
    stdio: 'inherit',
    env: { ...process.env, SLOW: '0.4' },
  });
  const ended = once(host, 'close');
  const finished = () => {
    const [folder] = existsSync(segments) ? readdirSync(segments) : [];
    return folder === undefined ? [] : readdirSync(join(segments, folder)).filter((name) => name.endsWith('.json'));
  };
  while (finished().length < 2 && host.exitCode === null) await sleep(20);
  host.kill('SIGKILL');
  await ended;
  const kept = finished().length;
  t.ok(kept >= 2 && kept < 5, `${kept} of 5 segments were there`);
  t.same(damagedFiles(pool), [], 'and nothing was published');
  const begun = encodes(ffmpeg).length;
  // One that the power took in the middle of its file.
  const [folder = ''] = readdirSync(segments);
  writeFileSync(join(segments, folder, '0000.mov'), 'half');

  const project = await openProject(directory, { ffmpeg, segmentSeconds: 2, makesPictures: true });
  t.teardown(() => project.close());
  const told = await project.work();
  t.match(told, [{ outcome: { kind: 'published' } }]);
  t.equal(encodes(ffmpeg).length - begun, 5 - kept + 1, 'only what was not there, or damaged, was encoded');
  t.notOk(existsSync(join(segments, folder)), 'segments go when their proxy is there');
  const manifest = await manifestOf(project);
  t.match(manifest?.segments, { frames: 50, sources: Array(5).fill(/^[0-9a-f]{64}$/) });
  t.equal(manifest?.output.blake3, await hashOfWhole(t, master, 'long.mov'), 'the same bytes as in one piece');
  t.match(manifest?.pictures, { poster: { width: 320, height: 180 }, sprite: { count: 74, everyFrames: 3 } });
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
  t.equal((await make()).length, 3);
  const others = await projectIn(t);
  const become = async (options: ClipOptions) => {
    const other = await makeClip(others, 'other.mov', { ...LONG, ...options });
    // In place, as a recorder or a render does it.
    await writeFile(master, await readFile(other));
    const begun = await make();
    const made = await manifestOf(project);
    t.equal(made?.output.blake3, await hashOfWhole(t, master, 'long.mov'), 'the same bytes as a full encode');
    return begun.map(Number);
  };
  const grown = await become({ frames: 220 });
  t.same(
    grown.map((time) => Math.round(time)),
    [6, 8],
    'only the new tail (with its lead) was encoded',
  );
  const changed = await become({ frames: 220, filter: "negate=enable='between(n,110,115)'" });
  t.same(
    changed.map((time) => Math.round(time)),
    [4],
    'only the segment in the middle',
  );
});

t.test('a master in which a seek leads elsewhere is encoded in one piece', skip, async (t) => {
  const directory = await projectIn(t);
  const master = await makeClip(join(directory, 'source'), 'long.mov', LONG);
  const project = await openProject(directory, { ffmpeg: wrapper(directory, LOGGING + SHIFTED), segmentSeconds: 2 });
  t.teardown(() => project.close());
  await project.prewarm();
  t.match(await project.work(), [{ outcome: { kind: 'published' } }]);
  t.equal(encodes(join(directory, 'ffmpeg')).length, 5, 'it was tried');
  const manifest = await manifestOf(project);
  t.equal(manifest?.segments, undefined);
  t.equal(manifest?.output.blake3, await hashOfWhole(t, master, 'long.mov'));
  t.same(readdirSync(join(project.pool.directory, 'segments')), []);
});
