/** Programs that hang, crash, flood and will not end, and programs that are held up on purpose. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { isMortal, launcherWords } from '../../src/ffmpeg/launcher.js';
import { Pace } from '../../src/ffmpeg/pace.js';
import { fileArgument } from '../../src/ffmpeg/protocol-path.js';
import { runFfmpeg, runFfprobe } from '../../src/ffmpeg/run.js';
import { watchStall } from '../../src/ffmpeg/stall-watch.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { judgeFailure } from '../../src/generate/failure.js';
import { hasFfmpeg } from '../fixtures/media.js';
import { fixtureProgram } from '../fixtures/programs.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';
const mortal = (await isMortal()) ? false : 'setpriv is not installed';

const fakes = (ffmpeg: string, ffprobe = 'ffprobe-garbage'): Toolchain => ({
  ffmpeg: fixtureProgram(ffmpeg),
  ffprobe: fixtureProgram(ffprobe),
  version: 'fixture',
  build: 'fixture',
  encoders: { encoders: new Set(), muxers: new Set(), filters: new Set(), options: new Set() },
});

/** `T` is stopped; undefined when it is gone. */
function stateOf(pid: number): string | undefined {
  try {
    return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

t.test('a program that hears no signal and floods its errors is ended, and its last lines are kept', async (t) => {
  const error = await runFfmpeg(fakes('ffmpeg-stubborn'), [], { stallMs: 400 }).then(
    () => t.fail('it should be given up'),
    (thrown) => thrown,
  );
  t.match(error, { code: 'ffmpeg/stalled', message: /no progress for 0\.4 s .*the same complaint/ });
  t.ok(error.details.lastLines.length <= 20);
});

t.test('reading counts as progress before the first frame, and for ten times as long at most', async (t) => {
  await runFfmpeg(fakes('ffmpeg-reads'), [], { stallMs: 2000, polite: false });
  const endless = runFfmpeg(fakes('ffmpeg-reads'), ['endless'], { stallMs: 200 });
  await t.rejects(endless, { code: 'ffmpeg/stalled' });
});

t.test('a crash is named, tried once more, and then the clip’s doing', async (t) => {
  const error = await runFfmpeg(fakes('ffmpeg-crashes'), []).then(
    () => t.fail('it should fail'),
    (thrown) => thrown,
  );
  t.match(error, { code: 'ffmpeg/failed', message: /killed by SIGSEGV.*about to crash/ });
  t.match(judgeFailure(error, 1), { passing: true });
  t.match(judgeFailure(error, 2), { passing: false });
});

t.test('a reader that reads nothing more is ended, without a limit to how long reading may take', async (t) => {
  const probe = runFfprobe(fakes('ffmpeg-fails', 'ffprobe-hangs'), [], { stallMs: 300 });
  await t.rejects(probe, { code: 'ffprobe/failed', message: /no answer within 300 ms/ });
});

t.test(
  'an encode that is held up stands still, is no stall, and goes on where it was',
  { skip: skip || mortal },
  async (t) => {
    const toolchain = await locateFfmpeg();
    const pace = new Pace();
    const frames: number[] = [];
    const source = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=25:duration=3', '-c:v', 'mjpeg'];
    const run = runFfmpeg(
      { ...toolchain, manner: { priority: 'low', pace } },
      [...source, fileArgument(join(t.testdir(), 'slow.mov') as RealPath)],
      { stallMs: 1500, onProgress: ({ frame }) => frames.push(frame) },
    );
    await until(() => (frames.at(-1) ?? 0) > 0);
    pace.suspend();
    // What it had said before it was stopped may still be on its way.
    await sleep(100);
    const before = frames.length;
    await sleep(2500);
    t.equal(frames.length, before, 'longer than a stall may last, nothing came');
    pace.resume();
    await run;
    t.equal(frames.at(-1), 75);
  },
);

t.test(
  'what is started while all stands still is stopped from the first moment, and an abort ends it',
  { skip: mortal },
  async (t) => {
    const pace = new Pace();
    pace.suspend();
    const abort = new AbortController();
    let progress = 0;
    const run = runFfmpeg({ ...fakes('ffmpeg-hangs'), manner: { priority: 'low', pace } }, [], {
      signal: abort.signal,
      stallMs: 100,
      onProgress: () => {
        progress += 1;
      },
    });
    const ended = run.then(
      () => 'done',
      (error) => error.code,
    );
    await sleep(500);
    t.equal(progress, 0);
    abort.abort();
    t.equal(await ended, 'job/cancelled', 'SIGKILL reaches who is stopped');
  },
);

t.test('a program that was stopped does not outlive the daemon', { skip: mortal }, async (t) => {
  const words = await launcherWords({ priority: 'idle' });
  const command = JSON.stringify([...words, 'sleep', '600']);
  const code = `const [program, ...words] = ${command};
    const child = require('node:child_process').spawn(program, words, { stdio: 'ignore' });
    setTimeout(() => { child.kill('SIGSTOP'); console.log(child.pid); }, 300); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(text.toString());
  await until(() => stateOf(pid) === 'T');
  parent.kill('SIGKILL');
  await until(() => stateOf(pid) === undefined || stateOf(pid) === 'Z');
  t.pass('it is gone');
});

t.test('time in which a program waits for a processor hardly counts', async (t) => {
  const started = performance.now();
  await new Promise<void>((resolve) => {
    watchStall({ stallMs: 200, pid: undefined, onStall: resolve });
  });
  t.ok(performance.now() - started >= 150, 'without a process to look at all of it counts');
  let looks = 0;
  const look = () => {
    looks += 1;
    return String(looks);
  };
  const watch = watchStall({ stallMs: 200, pid: undefined, look, onStall: () => t.fail() });
  await sleep(600);
  watch.stop();
  t.ok(looks > 5, 'who reads on is never stuck');
});
