/**
 * Playback while proxies are made: a player with a frame clock reads a clip through the mount,
 * once with the encoders off, once with impolite ones, once with polite ones, in turn.
 *
 * A frame is late when it is there more than one frame's time after its tick. Each scenario
 * has a daemon and a state of its own, so that all of them have the same work to do; playback
 * begins when the first job runs.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Client, connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import type { Result } from '../../src/control/schema.js';
import { buildReader } from './sample-tree.js';

const run = promisify(execFile);
const FPS = 24;
const FRAME_MS = 1000 / FPS;
const PATIENCE_MS = 120_000;

interface Scenario {
  readonly title: string;
  readonly politeness: 'off' | 'normal' | 'strict';
  readonly workers: number;
  /** Somebody waits for what is made: it goes on during playback. */
  readonly awaited?: boolean;
}

const SCENARIOS: readonly Scenario[] = [
  { title: 'no encoders', politeness: 'normal', workers: 0 },
  { title: 'impolite encoders', politeness: 'off', workers: 2 },
  { title: 'polite encoders', politeness: 'normal', workers: 2 },
  { title: 'polite encoders, awaited', politeness: 'normal', workers: 2, awaited: true },
  { title: 'strictly polite encoders', politeness: 'strict', workers: 2 },
];

export interface PlaybackResult {
  readonly title: string;
  readonly frames: number;
  /** Milliseconds from the tick until the frame is there, all rounds together. */
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  /** Frames that came more than one frame's time after their tick. */
  readonly late: number;
  /** Frames that were encoded meanwhile. */
  readonly encoded: number;
  /** What status said during playback, once per round. */
  readonly said: readonly string[];
}

export interface PlaybackOptions {
  readonly rounds: number;
  /** Of each playback. */
  readonly seconds: number;
}

interface Round {
  readonly delays: readonly number[];
  readonly encoded: number;
  readonly said: string;
}

export async function benchPlayback(root: string, { rounds, seconds }: PlaybackOptions): Promise<PlaybackResult[]> {
  const player = await buildReader(root, 'player');
  const source = join(root, 'footage');
  const ranges = await makeFootage(source, root);
  const results = new Map<Scenario, Round[]>(SCENARIOS.map((scenario) => [scenario, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [scenario, done] of results)
      done.push(await playOnce(scenario, { root, source, player, ranges, seconds }));
  }
  return [...results].map(([{ title }, done]) => summarise(title, done));
}

/** A clip to play, with constant frames as an editor's own, and clips that take minutes to encode. */
async function makeFootage(source: string, root: string): Promise<string> {
  await mkdir(source);
  const pattern = ['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=24:duration=6'];
  const ffmpeg = (...words: readonly string[]) => run('ffmpeg', ['-v', 'error', '-y', ...words]);
  const played = join(source, 'played.mov');
  await ffmpeg(...pattern, '-c:v', 'dnxhd', '-profile:v', 'dnxhr_lb', '-pix_fmt', 'yuv422p', played);
  const short = join(root, 'short.mp4');
  await ffmpeg(...pattern, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', short);
  for (const loops of [60, 61, 62]) {
    await ffmpeg('-stream_loop', String(loops), '-i', short, '-c', 'copy', join(source, `${loops}.mp4`));
  }
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=pos,size', '-of', 'csv=p=0', played],
  ]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').reverse().join(' '));
  const file = join(root, 'ranges');
  await writeFile(file, `${lines.map((line) => line.trim()).join('\n')}\n`);
  return file;
}

interface Stage {
  readonly root: string;
  readonly source: string;
  readonly player: string;
  readonly ranges: string;
  readonly seconds: number;
}

async function playOnce(scenario: Scenario, { root, source, player, ranges, seconds }: Stage): Promise<Round> {
  const [mountPoint, stateDir] = [await mkdtemp(join(root, 'mount-')), await mkdtemp(join(root, 'state-'))];
  const { politeness, workers } = scenario;
  const options = { source, mountPoint, stateDir, mode: 'master', workers, politeness, settleMs: 0 } as const;
  const record = await launchDaemon({ ...options, diskReserveBytes: 0 });
  const client = await connect(record);
  try {
    if (workers > 0) await untilEncoding(client, scenario.awaited === true);
    const before = encodedBy(await client.call('status', {}));
    const words = [join(mountPoint, 'played.mov'), join(source, 'played.mov'), ranges, String(FPS), String(seconds)];
    const playing = run(player, words, { maxBuffer: 1 << 26 });
    await sleep(seconds * 750);
    const during = await client.call('status', {});
    const { stdout } = await playing;
    const after = encodedBy(await client.call('status', {}));
    const said = during.work.reason ?? 'nothing in the way';
    return { delays: stdout.trim().split('\n').map(Number), encoded: after - before, said };
  } finally {
    await client.call('unmount', { force: true });
    client.close();
    await rm(stateDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function untilEncoding(client: Client, awaited: boolean): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
    const { scan, running } = await client.call('status', {});
    if (!scan.running && awaited) await client.call('prewarm', { paths: [''], wait: false });
    if (running.length > 0) return;
  }
  throw new Error('no encoder began to work within two minutes');
}

const encodedBy = ({ running }: Result<'status'>): number => running.reduce((sum, { frame }) => sum + frame, 0);

function summarise(title: string, rounds: readonly Round[]): PlaybackResult {
  const delays = rounds.flatMap((round) => round.delays).sort((a, b) => a - b);
  const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN;
  return {
    title,
    frames: delays.length,
    ...{ p50: at(0.5), p99: at(0.99), worst: at(1) },
    late: delays.filter((delay) => delay > FRAME_MS).length,
    encoded: rounds.reduce((sum, round) => sum + round.encoded, 0),
    said: rounds.map((round) => round.said),
  };
}
