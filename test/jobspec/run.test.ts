import { existsSync } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { checkJob } from '../../src/jobspec/check-job.js';
import { parseJobSpec } from '../../src/jobspec/parse-spec.js';
import { jobResultSchema } from '../../src/jobspec/result.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { type Run, runAsProcess, runInPlace } from '../fixtures/run-proxyfs.js';

t.setTimeout(120_000);
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

t.test('what is wrong is refused before anything runs, all at once, each with its sentence', skip, async (t) => {
  const { root, media, out, job, run, outputs } = await place(t);
  const at = (name: string) => join(media, name);
  await writeFile(at('empty.mov'), '');
  await writeFile(at('text.mov'), 'no film');
  await writeFile(at('still.png'), 'x');
  await writeFile(at('A001.r3d'), 'x');
  await symlink(at('a.mov'), at('link.mov'));
  await link(at('a.mov'), at('hard.mov'));
  await makeClip(media, 'b.mov', { frames: 3 });
  await writeFile(join(out, 'taken_01.mp4'), 'theirs');
  const toolchain = await locateFfmpeg();
  const low = "Profile 'proxy_h264_low'";
  const cases: readonly (readonly [Record<string, unknown>, readonly (readonly [string, RegExp])[]])[] = [
    [
      { proxy_profile: 'proxy_h264_lo' },
      [['/proxy_profile', /^Unknown proxy profile 'proxy_h264_lo': did you mean 'proxy_h264_low'\?/]],
    ],
    [
      { proxy_profile: 'edit@huge' },
      [['/proxy_profile', /^Unknown proxy profile 'edit@huge': 'huge' .*is not a size/]],
    ],
    [
      { codec: 'prores', container: 'mxf', resolution: 'quarter', resolve_preset: 'x' },
      [
        ['/codec', /^Codec 'prores' contradicts profile 'proxy_h264_low', which makes h264/],
        ['/container', /^Container 'mxf' contradicts profile 'proxy_h264_low', which makes mp4/],
        ['/resolution', /^Resolution 'quarter' contradicts profile 'proxy_h264_low', which makes half/],
        ['/resolve_preset', /^Render preset 'x' is for profiles of the resolve engine/],
      ],
    ],
    [{ proxy_profile: 'edit', codec: 'h264' }, [['/codec', /which makes prores_proxy of '.*a\.mov'/]]],
    [
      { sources: [at('no.mov'), media, at('empty.mov'), at('text.mov'), at('still.png'), '/dev/null'] },
      [
        ['/sources/0', /'.*no\.mov' does not exist$/],
        ['/sources/1', /is a directory/],
        ['/sources/2', /has zero bytes/],
        ['/sources/3', /is no clip that can be read/],
        ['/sources/4', /is a still picture/],
        ['/sources/5', /not a regular file/],
      ],
    ],
    [
      { sources: [at('a.mov'), at('link.mov'), at('hard.mov'), at('a.mov')], output_name_template: '{index}' },
      [
        ['/sources/1', /is the same file as/],
        ['/sources/2', /is the same file as/],
        ['/sources/3', /is listed twice/],
      ],
    ],
    [
      { sources: [at('a.mov'), at('A001.r3d')] },
      [
        ['/sources', /need two engines \(ffmpeg and resolve\)/],
        [
          '/sources/1',
          new RegExp(`^${low} requires the ffmpeg engine, but the job routes to resolve: it is camera RAW`),
        ],
      ],
    ],
    [
      { proxy_profile: 'proxy_prores_lt_resolve' },
      [['/sources/0', /^Profile 'proxy_prores_lt_resolve' requires the resolve engine, but the job routes to ffmpeg/]],
    ],
    [
      { sources: [at('a.mov'), at('b.mov')], output_name_template: 'same' },
      [['/output_name_template', /outputs of '.*a\.mov' and '.*b\.mov' are both named 'same\.mp4'/]],
    ],
    [{ output_name_template: 'taken_{index:02}' }, [['/output_name_template', /taken_01\.mp4' exists already/]]],
    [
      { output_dir: media, output_name_template: 'A', proxy_profile: 'proxy_prores_lt' },
      [['/output_name_template', /is the source '.*a\.mov' itself/]],
    ],
    [{ output_name_template: '{date}' }, [['/output_name_template', /comes from 'created_at'/]]],
    [{ output_dir: join(root, 'none') }, [['/output_dir', /does not exist: make it first/]]],
    [{ output_dir: at('text.mov') }, [['/output_dir', /is a file, not a folder/]]],
    [{ output_dir: join(at('a.mov'), 'x') }, [['/output_dir', /overlaps with the source/]]],
    [
      { proxy_profile: undefined, sources: [at('no.mov'), 'b'], output_dir: '/nowhere', codecs: 1 },
      [
        ['/codecs', /did you mean 'codec'/],
        ['/output_dir', /does not exist/],
        ['/proxy_profile', /is missing, and there is no default/],
        ['/sources/0', /does not exist/],
        ['/sources/1', /absolute path/],
      ],
    ],
  ];
  for (const [changes, expected] of cases) {
    const name = JSON.stringify(changes).slice(0, 90);
    const checked = await checkJob(parseJobSpec(JSON.stringify(job(changes))), { toolchain, outputExists: 'fail' });
    const violations = checked.ok ? [] : checked.violations;
    t.strictSame(
      violations.map(({ pointer }) => pointer),
      expected.map(([pointer]) => pointer),
      name,
    );
    for (const [index, [, message]] of expected.entries()) t.match(violations[index]?.message, message, name);
  }
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
