import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { parseCapabilityList, parseOptionList } from '../../src/ffmpeg/encoder-set.js';
import { LastLines } from '../../src/ffmpeg/last-lines.js';
import { createProgressParser } from '../../src/ffmpeg/progress.js';
import { fileArgument } from '../../src/ffmpeg/protocol-path.js';
import { runFfmpeg, runFfprobe } from '../../src/ffmpeg/run.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { hasFfmpeg } from '../fixtures/media.js';
import { fixtureProgram } from '../fixtures/programs.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

const fakes = (ffmpeg: string, ffprobe = 'ffprobe-garbage'): Toolchain => ({
  ffmpeg: fixtureProgram(ffmpeg),
  ffprobe: fixtureProgram(ffprobe),
  version: 'fixture',
  build: 'fixture',
  encoders: { encoders: new Set(), muxers: new Set(), filters: new Set(), options: new Set() },
});

/** Processes whose command line holds `word`. */
const running = (word: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(pid))
    .filter((line) => line.includes(word));

/** Empty for a process that ended meanwhile. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

t.test('progress is read from any pieces of the output', async (t) => {
  const parser = createProgressParser();
  t.same(parser.push('frame=1'), []);
  const [first] = parser.push('2\nfps=24.5\nout_time_us=480000\nspeed=1.5x\nprogress=continue\nframe=20\n');
  t.same(first, { frame: 12, fps: 24.5, speed: 1.5, outTimeUs: 480000, done: false });
  const [last] = parser.push('out_time_us=N/A\nspeed=N/A\nprogress=end\n');
  t.same(last, { frame: 20, fps: 0, speed: 0, outTimeUs: 0, done: true });
});

t.test('the last lines are kept, in bounded number and across pieces', async (t) => {
  const lines = new LastLines(2);
  lines.push('one\ntw');
  lines.push('o\rthree\nrest');
  t.same(lines.lines(), ['three', 'rest']);
});

t.test('lists of capabilities give names without their legends', async (t) => {
  const encoders = ' V..... = Video\n ------\n V....D prores_aw            Apple ProRes\n A....D aac   AAC\n';
  t.same([...parseCapabilityList(encoders)], ['prores_aw', 'aac']);
  t.same(
    [...parseCapabilityList(' .E = Muxing supported\n --\n  E mxf             MXF\n DE mov,mp4  QT\n')],
    ['mxf', 'mov', 'mp4'],
  );
  t.same([...parseOptionList('-vsync  set\n-fps_mode   set\nno option')], ['vsync', 'fps_mode']);
});

t.test('the installed FFmpeg is found, identified and asked what it can do', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  t.match(toolchain.version, /\d/);
  t.match(toolchain.build, /configuration:/);
  for (const name of ['libx264', 'dnxhd', 'prores_ks']) t.ok(toolchain.encoders.encoders.has(name), name);
  for (const name of ['mov', 'mp4', 'mxf']) t.ok(toolchain.encoders.muxers.has(name), name);
  t.ok(toolchain.encoders.filters.has('setpts'));
  const directory = t.testdir();
  await symlink(toolchain.ffmpeg, join(directory, 'ffmpeg'));
  await symlink(toolchain.ffprobe, join(directory, 'ffprobe'));
  const named = await locateFfmpeg({ env: { FFMPEG_PATH: join(directory, 'ffmpeg'), PATH: '' } });
  t.equal(named.version, toolchain.version, 'FFMPEG_PATH counts before PATH');
});

t.test('a missing FFmpeg is named, with the way out', async (t) => {
  await t.rejects(locateFfmpeg({ env: { PATH: t.testdir() } }), {
    code: 'ffmpeg/missing',
    message: /not on PATH.*apt-get install ffmpeg/,
  });
  await t.rejects(locateFfmpeg({ ffmpegPath: '/nowhere/ffmpeg' }), { code: 'ffmpeg/missing', message: /nowhere/ });
});

t.test('a failure carries the exit code and the last words', async (t) => {
  const failure = await runFfmpeg(fakes('ffmpeg-fails'), []).then(
    () => t.fail('it should fail'),
    (error) => error,
  );
  t.equal(failure.code, 'ffmpeg/failed');
  t.match(failure.message, /exit code 228.*No space left on device/);
  t.same(failure.details.lastLines, ['first line', 'out: No space left on device']);
});

t.test('an encode that stops making progress is killed and says so', async (t) => {
  const seen: number[] = [];
  const run = runFfmpeg(fakes('ffmpeg-hangs'), ['stall-marker-7f3a'], {
    stallMs: 400,
    onProgress: (progress) => seen.push(progress.frame),
  });
  await t.rejects(run, { code: 'ffmpeg/stalled', message: /0\.4 s.*opening the file/ });
  t.ok(seen.length > 1, 'repeated figures were reported but did not count as progress');
  t.same(running('stall-marker-7f3a'), [], 'no process is left');
});

t.test('an abort kills the process', async (t) => {
  const abort = new AbortController();
  const run = runFfmpeg(fakes('ffmpeg-hangs'), ['abort-marker-91bc'], {
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  await t.rejects(run, { code: 'job/cancelled' });
  t.same(running('abort-marker-91bc'), []);
  await t.rejects(runFfmpeg(fakes('ffmpeg-hangs'), [], { signal: AbortSignal.abort() }), { code: 'job/cancelled' });
});

t.test('a real encode reports its frames and its exact command', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const output = join(directory, '-odd: %d name.mov') as RealPath;
  const frames: number[] = [];
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=25:duration=1', '-c:v', 'mjpeg'];
  const result = await runFfmpeg(toolchain, [...source, fileArgument(output)], {
    onProgress: (progress) => frames.push(progress.frame),
  });
  t.equal(frames.at(-1), 25);
  t.equal(result.command[0], toolchain.ffmpeg);
  t.ok(result.seconds > 0);
  t.ok(existsSync(output));
});

t.test('encoders run at the lowest priority unless told otherwise', async (t) => {
  const directory = t.testdir();
  await mkdir(join(directory, 'bin'));
  const program = join(directory, 'bin', 'reports') as RealPath;
  await copyFile(fixtureProgram('reports-priority'), program);
  await chmod(program, 0o755);
  const result = await runFfmpeg({ ...fakes('ffmpeg-fails'), ffmpeg: program }, []);
  t.match(result.lastLines.join('\n'), /nice 19, io idle/);
  const impolite = await runFfmpeg({ ...fakes('ffmpeg-fails'), ffmpeg: program }, [], { polite: false });
  t.notMatch(impolite.lastLines.join('\n'), /nice 19|io idle/);
});

t.test('ffprobe that never answers is ended in time', async (t) => {
  const probe = runFfprobe(fakes('ffmpeg-fails', 'ffprobe-hangs'), [], { timeoutMs: 200 });
  await t.rejects(probe, { code: 'ffprobe/failed', message: /200 ms/ });
});
