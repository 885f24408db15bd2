import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { jobResultSchema } from '../../src/jobspec/result.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { type Run, runAsProcess, runInPlace } from '../fixtures/run-proxyfs.js';

t.setTimeout(240_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };
const PATH = process.env['PATH'] ?? '';

interface Place {
  readonly root: RealPath;
  readonly media: RealPath;
  readonly out: RealPath;
  job(changes?: Record<string, unknown>): Record<string, unknown>;
  run(spec: unknown, ...flags: string[]): Promise<Run>;
  outputs(): Promise<string[]>;
}

async function place(t: Test): Promise<Place> {
  const root = (await mkdtemp(join(tmpdir(), 'proxyfs-job-'))) as RealPath;
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const [media, out] = [join(root, 'media') as RealPath, join(root, 'out') as RealPath];
  await Promise.all([mkdir(media), mkdir(out)]);
  await makeClip(media, 'a.mov', { frames: 5, timecode: '01:00:00:00' });
  const least = { jobspec_version: '2.1', output_dir: out, output_name_template: '{source_name}_{index:02}' };
  return {
    ...{ root, media, out },
    job: (changes = {}) => ({
      ...least,
      sources: [join(media, 'a.mov')],
      proxy_profile: 'proxy_h264_low',
      ...changes,
    }),
    run: async (spec, ...flags) => {
      const stdin = typeof spec === 'string' ? spec : JSON.stringify(spec);
      return await runInPlace(['run', '-', ...flags], { stdin, env: { PATH } });
    },
    outputs: async () => await readdir(out),
  };
}

/** The document, checked against its own schema. */
function documentOf({ stdout }: Run) {
  return jobResultSchema.parse(JSON.parse(stdout));
}

t.test('what is wrong is refused before anything runs, with a document and exit code 1', skip, async (t) => {
  const { root, media, out, job, run, outputs } = await place(t);
  const at = (name: string) => join(media, name);
  await writeFile(join(out, 'taken_01.mp4'), 'theirs');
  const refused = await run(job({ proxy_profile: 'proxy', sources: [at('no.mov')] }));
  t.match(refused, { exitCode: 1, stderr: /2 violations:\n {2}\/proxy_profile: Unknown proxy profile 'proxy'/ });
  t.match(documentOf(refused), { status: 'FAILED', clips: [], violations: [{}, { pointer: '/sources/0' }] });
  t.strictSame(await outputs(), ['taken_01.mp4'], 'nothing was written');
  t.equal(await readFile(join(out, 'taken_01.mp4'), 'utf8'), 'theirs');
  for (const [path, message] of [
    [root, /is a directory: a job is one JSON file/],
    [join(root, 'no.json'), /there is no job file/],
  ] as const) {
    const refused = await runInPlace(['run', path], { env: { PATH } });
    t.match(refused, { exitCode: 1, stderr: message });
    t.match(documentOf(refused).violations, [{ pointer: '', message }]);
    t.match(await runInPlace(['validate', path], { env: { PATH } }), { exitCode: 1, stdout: '', stderr: message });
  }
});

t.test('a job makes its outputs, twice the same, and says what was done', skip, async (t) => {
  const { root, media, out, job, run, outputs } = await place(t);
  const odd = "-o'dd: \\n\n ü.mov";
  await makeClip(media, odd, { frames: 4 });
  const spec = job({ sources: [join(media, 'a.mov'), join(media, odd)], user_metadata: { show: 'x' } });
  const resultFile = join(root, 'result.json');
  const valid = await runInPlace(['validate', '-', '--json'], { stdin: JSON.stringify(spec), env: { PATH } });
  t.match(JSON.parse(valid.stdout), { valid: true, clips: [{ output: join(out, 'a_01.mp4'), exists: false }, {}] });
  t.strictSame(await outputs(), [], 'validation writes nothing');
  const first = await run(spec, '--result', resultFile, '--max-workers', '2');
  t.match(first, { exitCode: 0, stderr: '' });
  t.equal(await readFile(resultFile, 'utf8'), first.stdout);
  const result = documentOf(first);
  t.match(result, { status: 'COMPLETED', totals: { completed: 2, frames: 9 }, violations: [], error: null });
  t.match(result._metadata, { engine_used: 'ffmpeg', proxy_profile_used: 'proxy_h264_low', jobspec_version: '2.1' });
  const [clip] = result.clips;
  t.match(clip, { status: 'completed', exit_code: 0, frames: 5, input: { untouched: true }, validation: { ok: true } });
  t.strictSame(clip?.command?.slice(-2), ['-y', 'file:clip-0001.mp4']);
  t.strictSame((await outputs()).sort(), ["-o'dd: \\n\n ü_02.mp4", 'a_01.mp4'], 'and nothing else');

  await writeFile(join(root, 'spec.json'), JSON.stringify(spec));
  for (const [name, reason] of [
    [join(media, 'a.mov'), /has to end in \.json/],
    [join(out, 'a_01.mp4'), /has to end in \.json/],
    [join(root, 'spec.json'), /is no result of a job, and would be lost/],
  ] as const) {
    const before = await readFile(name);
    t.match(await run(spec, '--output-exists', 'overwrite', '--result', name), { exitCode: 1, stderr: reason });
    t.ok(before.equals(await readFile(name)), 'a result replaces nothing but a result');
  }

  t.match(await run(spec), { exitCode: 1, stderr: /exists already/ });
  const again = documentOf(await run(spec, '--output-exists', 'overwrite'));
  t.strictSame(withoutTimes(again), withoutTimes(result), 'a second run differs in times only');
  const skipped = documentOf(await run(spec, '--output-exists', 'skip'));
  t.match(skipped, { status: 'COMPLETED', totals: { skipped: 2, completed: 0 } });
  t.equal(skipped.clips[0]?.blake3, clip?.blake3);

  const verify = async () => await runInPlace(['run', '--verify', resultFile], { env: { PATH } });
  const equal = await verify();
  t.equal(equal.exitCode, 0);
  t.match(JSON.parse(equal.stdout), { equal: true, clips: [{ outcome: 'equal', on_disk: 'equal' }, {}] });
  await writeFile(join(out, 'a_01.mp4'), 'another');
  t.match(await verify(), { exitCode: 2, stderr: /the file on the disk is not the one that was made/ });
  await rm(join(out, 'a_01.mp4'));
  await makeClip(media, 'a.mov', { frames: 6, timecode: '01:00:00:00' });
  t.match(await verify(), { exitCode: 2, stderr: /the source has other content now/ });
  t.match(await runInPlace(['run', '--verify', join(media, 'a.mov')], { env: { PATH } }), { exitCode: 1 });
});

t.test('a clip that fails has no output, and does not stop the others unless that is asked', skip, async (t) => {
  for (const [flags, statuses, exitCode] of [
    [[], ['failed', 'completed'], 3],
    [['--fail-fast'], ['failed', 'not-started'], 2],
  ] as const) {
    const { root, media, job, outputs } = await place(t);
    const program = await ffmpegThat(root, '*clip-0001*) echo half > clip-0001.mp4; echo "no such luck" >&2; exit 9;;');
    await makeClip(media, 'b.mov', { frames: 3 });
    const spec = job({ sources: [join(media, 'a.mov'), join(media, 'b.mov')] });
    const failing = await runInPlace(['run', '-', ...flags], {
      stdin: JSON.stringify(spec),
      env: { PATH, FFMPEG_PATH: program },
    });
    const result = documentOf(failing);
    t.equal(failing.exitCode, exitCode);
    t.strictSame(
      result.clips.map(({ status }) => status),
      statuses,
    );
    t.match(result.clips[0], { exit_code: 9, failure: { code: 'ffmpeg/failed', last_lines: ['no such luck'] } });
    t.strictSame(await outputs(), statuses[1] === 'completed' ? ['b_02.mp4'] : []);
  }
});

t.test('Ctrl-C stops the encoder, leaves nothing, and the result says so', skip, async (t) => {
  const { root, media, job, outputs } = await place(t);
  const started = join(root, 'started');
  const program = await ffmpegThat(root, `*clip-0002*) echo half > clip-0002.mp4; : > '${started}'; exec sleep 60;;`);
  for (const name of ['b.mov', 'c.mov']) await makeClip(media, name, { frames: 3 });
  const sources = ['a.mov', 'b.mov', 'c.mov'].map((name) => join(media, name));
  const run = await runInPlace(['run', '-'], {
    stdin: JSON.stringify(job({ sources })),
    env: { PATH, FFMPEG_PATH: program },
    onStart: (interrupt) => {
      const look = setInterval(() => {
        if (!existsSync(started)) return;
        clearInterval(look);
        interrupt();
      }, 20);
    },
  });
  const result = documentOf(run);
  t.equal(run.exitCode, 3);
  t.match(result, { status: 'PARTIAL', interrupted: true });
  t.strictSame(
    result.clips.map(({ status }) => status),
    ['completed', 'interrupted', 'not-started'],
  );
  t.strictSame(await outputs(), ['a_01.mp4']);
});

t.test('without FFmpeg or Resolve the machine is named, with a document', skip, async (t) => {
  const { media, job, run, outputs } = await place(t);
  const none = await runInPlace(['run', '-'], {
    stdin: JSON.stringify(job()),
    env: { PATH, FFMPEG_PATH: '/nowhere/ffmpeg' },
  });
  t.match(none, { exitCode: 4, stderr: /ffmpeg is not at '\/nowhere\/ffmpeg'/ });
  t.match(documentOf(none), { status: 'FAILED', error: { code: 'ffmpeg/missing' } });
  await writeFile(join(media, 'A001.braw'), 'raw');
  const raw = await run(job({ sources: [join(media, 'A001.braw')], proxy_profile: 'proxy_prores_hq_resolve' }));
  t.match(raw, { exitCode: 4, stderr: /the resolve engine is not on this machine/ });
  t.match(documentOf(raw), { error: { code: 'resolve/unavailable' } });
  t.strictSame(await outputs(), []);
});

t.test(
  'camera RAW is rendered by Resolve with the preset of the spec, and read back like any other',
  skip,
  async (t) => {
    const { root, media, out, job, outputs } = await place(t);
    const fixture = fileURLToPath(new URL('../../../test/fixtures/resolve', import.meta.url));
    await writeFile(join(media, 'A001.braw'), 'raw');
    const hq = { frames: 4, video: ['-c:v', 'prores_ks', '-profile:v', '3'], pixelFormat: 'yuv422p10le' };
    const render = await makeClip(root, 'render.mov', hq);
    const sources = [join(media, 'A001.braw')];
    const spec = job({ sources, proxy_profile: 'proxy_prores_hq_resolve', resolve_preset: 'House' });
    await writeFile(join(root, 'job.json'), JSON.stringify(spec));
    const attempt = async (env: Readonly<Record<string, string>>) => {
      const places = {
        RESOLVE_SCRIPT_API: fixture,
        RESOLVE_SCRIPT_LIB: join(fixture, 'Modules', 'DaVinciResolveScript.py'),
        RESOLVE_DIARY: join(root, 'diary'),
      };
      const done = await runAsProcess(['run', join(root, 'job.json')], { env: { ...places, ...env } });
      return { exitCode: done.exitCode, result: documentOf(done) };
    };
    const garbage = await attempt({});
    t.match(garbage, { exitCode: 2, result: { clips: [{ failure: { code: 'validate/rejected' }, exit_code: null }] } });
    const noPreset = await attempt({ RESOLVE_LACKS: 'preset' });
    t.match(noPreset, { exitCode: 2, result: { clips: [{ failure: { code: 'resolve/failed', reason: /House/ } }] } });
    t.strictSame(await outputs(), [], 'nothing of either is left');

    const { exitCode, result } = await attempt({ RESOLVE_RENDERS: render });
    t.equal(exitCode, 0);
    t.strictSame(result._metadata, {
      engine_used: 'resolve',
      proxy_profile_used: 'proxy_prores_hq_resolve',
      jobspec_version: '2.1',
      resolve_preset_used: 'House',
    });
    t.match(result.clips[0], { engine: 'resolve', frames: 4, validation: { ok: true }, input: { untouched: true } });
    t.match(await readFile(join(root, 'diary'), 'utf8'), '["LoadRenderPreset", "House"]');
    t.ok((await readFile(join(out, 'A001_01.mov'))).equals(await readFile(render)));
  },
);

/** FFmpeg, but for commands that fit a pattern of the shell: then after half a file something else happens. */
async function ffmpegThat(root: string, otherwise: string): Promise<string> {
  const program = join(root, 'ffmpeg');
  await writeFile(program, `#!/bin/sh\ncase "$*" in ${otherwise} esac\nexec ffmpeg "$@"\n`);
  await chmod(program, 0o755);
  return program;
}

const TIMES = new Set(['started_at', 'finished_at', 'duration_seconds', 'fps', 'speed']);

function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, member: unknown) => (TIMES.has(key) ? undefined : member)));
}
