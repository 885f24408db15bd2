/**
 * A whole project enters the queue of a real daemon: how long that takes, and how long the mount
 * and the daemon let others wait meanwhile, compared with the same daemon at rest.
 */

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RealPath } from '../../src/base/paths.js';
import { type Client, connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import type { RuntimeRecord } from '../../src/control/runtime-record.js';
import type { Progress } from '../../src/control/schema.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import type { MediaInfo } from '../../src/probe/media-info.js';
import { probeMedia } from '../../src/probe/probe.js';
import { type PreparedProject, prepareProject } from './prepare-project.js';
import { buildReader } from './sample-tree.js';

const run = promisify(execFile);
const REST_SECONDS = 5;
/** Paths that are looked at: more than the kernel's caches are warm for. */
const WATCHED = 20_000;
/** As often as several people who watch the status, all together. */
const STATUS_EVERY_MS = 250;
const ANSWER_EVERY_MS = 10;
const SCAN_PATIENCE_MS = 120_000;

/** Milliseconds: half of the waits are shorter, 99 of 100 are, the longest. */
export interface Waits {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

export interface QueueRow {
  readonly title: string;
  readonly assets: number;
  /** What the command took; null: nothing was asked. */
  readonly seconds: number | null;
  /** Of it, until the source was walked through. */
  readonly walkSeconds: number | null;
  /** Processor time of the daemon, all threads: says more than the clock on a machine that has other work. */
  readonly cpuSeconds: number;
  readonly queued: number;
  readonly stat: Waits;
  readonly openRead: Waits;
  /** A call that does nothing but answer: how long the daemon's event loop was held. */
  readonly answer: Waits;
  readonly status: Waits;
}

export async function benchQueue(root: string, assets: number): Promise<QueueRow[]> {
  const pulse = await buildReader(root, 'pulse');
  const project = await prepareProject(join(root, `queue-${assets}`), { assets, media: await mediaOfClip(root) });
  const { source, mountPoint, state, env } = project;
  process.env['XDG_RUNTIME_DIR'] = env['XDG_RUNTIME_DIR'];
  const record = await launchDaemon({ source, mountPoint, stateDir: state, mode: 'proxy', workers: 0, settleMs: 0 });
  const client = await connect(record);
  try {
    await untilScanned(client);
    const paths = await pathsOf(project);
    const measure = (title: string, work: () => Promise<Queueing | undefined>) =>
      measureDuring({ title, assets, record, pulse, paths, work });
    return [
      await measure('at rest', async () => void (await sleep(REST_SECONDS * 1000))),
      await measure('queueing', () => queueAll(client)),
      await measure('queued again', () => queueAll(client)),
    ];
  } finally {
    await client.call('unmount', { force: true });
    client.close();
  }
}

async function mediaOfClip(root: string): Promise<MediaInfo> {
  const clip = join(root, 'clip.mov') as RealPath;
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=1'];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=1:sample_rate=48000'];
  await run('ffmpeg', ['-v', 'error', '-y', ...picture, ...sound, '-c:v', 'mjpeg', '-c:a', 'pcm_s16le', clip]);
  return await probeMedia(await locateFfmpeg(), clip, { count: true });
}

async function untilScanned(client: Client): Promise<void> {
  for (const end = Date.now() + SCAN_PATIENCE_MS; Date.now() < end; await sleep(200)) {
    if ((await client.call('status', {})).scan.finishedAt !== null) return;
  }
  throw new Error('the project was not scanned in time');
}

/** Without opening them: names come from the source, and are looked at through the mount. */
async function pathsOf({ source, mountPoint }: PreparedProject): Promise<string[]> {
  const names = await readdir(source, { recursive: true });
  const clips = names.filter((name) => name.endsWith('.mov'));
  return clips.slice(0, WATCHED).map((name) => join(mountPoint, name));
}

interface Queueing {
  readonly queued: number;
  /** When the last folder was walked: milliseconds of `performance`. */
  readonly walkedAt: number;
}

async function queueAll(client: Client): Promise<Queueing> {
  let walkedAt = performance.now();
  const onProgress = ({ kind }: Progress) => {
    if (kind === 'scan') walkedAt = performance.now();
  };
  const { queued } = await client.call('prewarm', { paths: [''], wait: false }, { onProgress });
  return { queued, walkedAt };
}

interface Trial {
  readonly title: string;
  readonly assets: number;
  readonly record: RuntimeRecord;
  readonly pulse: string;
  readonly paths: readonly string[];
  readonly work: () => Promise<Queueing | undefined>;
}

async function measureDuring({ title, assets, record, pulse, paths, work }: Trial): Promise<QueueRow> {
  const [answers, statuses] = [
    watchCalls(record, 'mode.get', ANSWER_EVERY_MS),
    watchCalls(record, 'status', STATUS_EVERY_MS),
  ];
  const looking = startPulse(pulse, paths);
  const start = performance.now();
  const cpuBefore = await cpuSecondsOf(record.pid);
  const queueing = await work();
  const seconds = (performance.now() - start) / 1000;
  const cpuSeconds = (await cpuSecondsOf(record.pid)) - cpuBefore;
  const [answer, status] = [await answers.stop(), await statuses.stop()];
  const looks = await looking.stop();
  return {
    ...{ title, assets, cpuSeconds, queued: queueing?.queued ?? 0 },
    seconds: queueing === undefined ? null : seconds,
    walkSeconds: queueing === undefined ? null : (queueing.walkedAt - start) / 1000,
    stat: waitsOf(looks.map(([stat]) => stat ?? Number.NaN)),
    openRead: waitsOf(looks.map(([, read]) => read ?? Number.NaN)),
    answer: waitsOf(answer),
    status: waitsOf(status),
  };
}

const TICKS_PER_SECOND = 100;

async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in parentheses, may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Calls one after the other over a connection of its own until stopped. */
function watchCalls(record: Trial['record'], method: 'mode.get' | 'status', everyMs: number) {
  const waits: number[] = [];
  let isOver = false;
  const calling = (async () => {
    const client = await connect(record);
    while (!isOver) {
      const start = performance.now();
      await client.call(method, {});
      waits.push(performance.now() - start);
      await sleep(everyMs);
    }
    client.close();
  })();
  return {
    stop: async () => {
      isOver = true;
      await calling;
      return waits;
    },
  };
}

const LONGEST_SECONDS = 600;

function startPulse(program: string, paths: readonly string[]) {
  const running = run(program, [String(LONGEST_SECONDS)], { maxBuffer: 1 << 28 });
  running.child.stdin?.end(`${paths.join('\n')}\n`);
  return {
    stop: async () => {
      running.child.kill('SIGTERM');
      // Ended by our own signal: what it wrote until then is what is wanted.
      const { stdout } = await running.catch((error: { stdout: string }) => error);
      const lines = stdout.slice(0, stdout.lastIndexOf('\n')).split('\n');
      return lines.map((line) => line.split(' ').map(Number));
    },
  };
}

function waitsOf(waits: readonly number[]): Waits {
  const sorted = [...waits].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}
