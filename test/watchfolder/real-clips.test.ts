import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { jobResultSchema } from '../../src/jobspec/result.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { PROXYFS, runAsProcess } from '../fixtures/run-proxyfs.js';

interface Place {
  readonly jobs: string;
  readonly out: string;
  readonly sources: string[];
}

/** Two masters: one is made into a proxy in a moment, the other takes seconds. */
async function placeFor(t: Test): Promise<Place> {
  const root = t.testdir({ jobs: { pending: {} }, out: {}, src: {} });
  const src = join(root, 'src');
  const short = await makeClip(src, 'a-short.mov', { frames: 10 });
  const long = await makeClip(src, 'b-long.mov', {
    frames: 300,
    width: 1280,
    height: 720,
    audio: [],
    video: ['-c:v', 'mpeg4', '-q:v', '5'],
    pixelFormat: 'yuv420p',
  });
  return { jobs: join(root, 'jobs'), out: join(root, 'out'), sources: [short, long] };
}

async function bring({ jobs, out, sources }: Place, name: string, more: object = {}): Promise<void> {
  const spec = {
    jobspec_version: '2.1',
    ...{ sources, output_dir: out, output_name_template: '{source_name}_proxy' },
    ...{ proxy_profile: 'proxy_prores_proxy', ...more },
  };
  const part = join(jobs, 'pending', `${name}.part`);
  await writeFile(part, JSON.stringify(spec));
  await rename(part, join(jobs, 'pending', name));
}

const resultOf = async ({ jobs }: Place, end: string, stem: string) =>
  jobResultSchema.parse(JSON.parse(await readFile(join(jobs, end, `${stem}.result.json`), 'utf8')));

const shown = async (folder: string): Promise<string[]> => (await readdir(folder)).sort();

/** Starts a watcher and ends it with `signal` while the second clip of `job` is made. */
async function endInMidClip({ jobs }: Place, signal: NodeJS.Signals, ...more: string[]) {
  const child = spawn(process.execPath, [PROXYFS, 'watch', jobs, '--settle-ms', '50', '--json-lines', ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let said = '';
  child.stdout.setEncoding('utf8');
  for await (const text of child.stdout) {
    const before = said;
    said += text;
    const isMidClip = (all: string) =>
      all.includes('"clip-finished","index":1') && all.includes('"clip-progress","index":2');
    if (isMidClip(said) && !isMidClip(before)) child.kill(signal);
  }
  const [code] = (await ended) as [number | null];
  const events = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; at: string });
  return { code, events };
}

/** Encoders that still write into the folder. */
async function encodersIn(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes('ffmpeg') && line.includes(folder));
}

t.setTimeout(240_000);

t.test('real clips: stopped and kept, killed and told, killed and resumed', async (t) => {
  if (!(await hasFfmpeg())) {
    t.pass('no FFmpeg here', { skip: 'no FFmpeg here' });
    return;
  }
  const place = await placeFor(t);
  const { jobs, out } = place;
  await bring(place, 'job.json');

  const stopped = await endInMidClip(place, 'SIGTERM');
  t.equal(stopped.code, 0);
  t.strictSame(
    stopped.events.slice(-3).map(({ event }) => event),
    ['job-finished', 'returned', 'stopped'],
  );
  t.strictSame(await shown(out), ['a-short_proxy.mov'], 'the finished clip stays, nothing is left of the other');
  t.strictSame(await encodersIn(out), []);
  t.strictSame(
    (await shown(join(jobs, 'pending'))).filter((name) => !name.startsWith('.')),
    ['job.json'],
  );
  t.strictSame(await shown(join(jobs, 'running')), []);

  const killed = await endInMidClip(place, 'SIGKILL');
  t.equal(killed.code, null);
  for (let i = 0; (await encodersIn(out)).length > 0; i += 1) {
    if (i > 100) throw new Error('an encoder outlives its watcher');
    await sleep(50);
  }
  const next = await runAsProcess(['watch', jobs, '--once', '--settle-ms', '0', '--json']);
  t.match(JSON.parse(next.stdout), { completed: 0, failed: 1, recovered: 1 });
  const interrupted = await resultOf(place, 'failed', 'job');
  t.match(interrupted, { interrupted: true, exit_code: 2, totals: { completed: 1, interrupted: 1 } });
  const first = interrupted.clips[0];
  t.match(first, { status: 'completed', output: join(out, 'a-short_proxy.mov'), exit_code: 0 });
  t.ok(first?.command?.includes('-progress'), 'with its command, as it was run before the first stop');
  t.strictSame(await shown(out), ['a-short_proxy.mov'], 'the next watcher has swept the half-made file');

  await bring(place, 'job.json');
  const inTheWay = await runAsProcess(['watch', jobs, '--once', '--settle-ms', '0']);
  t.match(inTheWay, { exitCode: 0, stdout: /job\.2 failed: output '.*a-short_proxy\.mov' exists already/ });

  await bring(place, 'other.json', { output_name_template: '{source_name}_other' });
  await endInMidClip(place, 'SIGKILL');
  const resumed = await runAsProcess(['watch', jobs, '--once', '--resume', '--settle-ms', '0']);
  t.match(resumed, { exitCode: 0, stdout: /other was left in running: .*; it is run again/ });
  const done = await resultOf(place, 'completed', 'other');
  t.strictSame(
    done.clips.map(({ status }) => status),
    ['skipped', 'completed'],
  );
  t.match(done.clips[0]?.warnings, [/kept from an earlier attempt/]);
  t.equal(done.clips[1]?.validation?.ok, true);
  t.strictSame(await shown(out), ['a-short_other.mov', 'a-short_proxy.mov', 'b-long_other.mov']);
});
