/**
 * What it costs to make a proxy: through a job of the queue to the published file, against
 * the same FFmpeg command by hand, and with pictures against without.
 *
 * The ways alternate, each round all of them; a ratio is the median over the rounds of what lies
 * side by side in one round. Processor time counts what the wall does not show on a busy machine.
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/clock.js';
import { type RealPath, ROOT } from '../../src/base/paths.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { enqueueMissing } from '../../src/generate/enqueue.js';
import type { Generation } from '../../src/generate/generation.js';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { createQueue } from '../../src/jobs/sqlite-queue.js';
import { silentLogger } from '../../src/log/logger.js';
import { openPool } from '../../src/pool/directory-pool.js';
import { createExamine } from '../../src/scan/examine.js';
import { Scanner } from '../../src/scan/scanner.js';
import { openDatabase } from '../../src/store/database.js';

export interface Cost {
  readonly wallMs: number;
  /** Of this process and of all that it ran. */
  readonly cpuMs: number;
}

export type Way = 'by hand' | 'generated' | 'with pictures';

export interface GenerateRow {
  readonly title: string;
  readonly profile: string;
  readonly rounds: readonly Readonly<Record<Way, Cost>>[];
}

export interface Clip {
  readonly name: string;
  readonly title: string;
  readonly profile: string;
  readonly words: readonly string[];
}

export const CLIPS: readonly Clip[] = [
  {
    name: 'a.mp4',
    title: 'H.264 long GOP to H.264 all-intra',
    profile: 'edit',
    words: ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '20M', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  },
  {
    name: 'b.mov',
    title: 'H.264 long GOP to DNxHR LB',
    profile: 'edit_dnx',
    words: ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '20M', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le'],
  },
];

export async function benchGenerate(root: string, seconds: number, rounds: number): Promise<GenerateRow[]> {
  const toolchain = await locateFfmpeg();
  const rows: GenerateRow[] = [];
  for (const clip of CLIPS) {
    const directory = await mkdtemp(join(root, 'generate-'));
    rows.push({
      title: clip.title,
      profile: clip.profile,
      rounds: await benchClip(toolchain, clip, { directory, seconds, rounds }),
    });
    await rm(directory, { recursive: true });
  }
  return rows;
}

interface Place {
  readonly directory: string;
  readonly seconds: number;
  readonly rounds: number;
}

async function benchClip(toolchain: Toolchain, clip: Clip, { directory, seconds, rounds }: Place) {
  const source = join(directory, 'source') as RealPath;
  await mkdir(source);
  await makeMaster(toolchain, clip, join(source, clip.name) as RealPath, seconds);
  const bench = { toolchain, clip, directory, source };
  const measured: Record<Way, Cost>[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const generated = await measureJob(bench, {});
    const withPictures = await measureJob(bench, { makesPictures: true });
    const costs = { 'by hand': await byHand(bench, generated.command), generated, 'with pictures': withPictures };
    // The first round warms the caches.
    if (round > 0) measured.push(costs);
  }
  return measured;
}

/** Grain on a moving pattern: neither as easy as a graphic nor as hard as film. */
export async function makeMaster(
  toolchain: Toolchain,
  clip: Clip,
  file: RealPath,
  seconds: number,
  size = '1920x1080',
): Promise<void> {
  const pattern = `testsrc2=size=${size}:rate=25,noise=alls=12:allf=t,trim=end_frame=${seconds * 25}`;
  const sound = `sine=sample_rate=48000,aformat=channel_layouts=stereo,atrim=end_sample=${seconds * 48_000}`;
  const tags = ['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
  const inputs = ['-f', 'lavfi', '-i', pattern, '-f', 'lavfi', '-i', sound];
  await runFfmpeg(toolchain, [...inputs, ...clip.words, ...tags, '-y', file], { polite: false });
}

export interface Bench {
  readonly toolchain: Toolchain;
  readonly clip: Clip;
  readonly directory: string;
  readonly source: RealPath;
}

/** What a shell would run: the command of the manifest, its output beside the others. */
async function byHand({ directory }: Bench, command: readonly string[]): Promise<Cost> {
  const [program = '', ...words] = command;
  const output = join(directory, `by-hand${extname(words.at(-1) ?? '')}`);
  const { cost } = await costOf(() => promisify(execFile)(program, [...words.slice(0, -1), output]));
  await rm(output);
  return cost;
}

interface JobCost extends Cost {
  readonly command: readonly string[];
  /** Into how many parts it was divided; 0 for one piece. */
  readonly segments: number;
  /** The most that was in the pool at once, as looked at twice a second. */
  readonly peakBytes: number;
  readonly proxyBytes: number;
}

export interface JobOptions {
  readonly makesPictures?: boolean;
  readonly segmentSeconds?: number;
  readonly workers?: number;
}

/** From the moment at which a worker looks into the queue to the published proxy, in a project of its own. */
export async function measureJob(
  { toolchain, clip, directory, source }: Bench,
  { makesPictures = false, segmentSeconds, workers = 1 }: JobOptions,
): Promise<JobCost> {
  const state = await mkdtemp(join(directory, 'state-'));
  const database = openDatabase(join(state, 'catalog.db') as RealPath);
  const [catalog, queue] = [createCatalog(database), createQueue(database)];
  const pool = await openPool(join(state, 'pool') as RealPath);
  const log = silentLogger;
  const work = { source, catalog, queue, pool, toolchain, profile: clip.profile, log, clock: systemClock };
  const generation: Generation = { ...work, makesPictures, segmentSeconds };
  try {
    const examine = createExamine(toolchain);
    await new Scanner({ source, catalog, examine, log, hiddenRootNames: [], settleMs: 0 }).scan(ROOT);
    await enqueueMissing(generation, catalog.below(ROOT), { jobClass: 'prewarm' });
    const peak = watchPeak(pool.directory);
    const { cost, value } = await costOf(() => oneJob(generation, workers));
    const peakBytes = await peak.stop();
    const [variant] = catalog.below(ROOT).flatMap(({ id }) => catalog.variantsOf(id));
    const manifest = variant === undefined ? undefined : await pool.find(variant.poolKey);
    const hasPictures = manifest?.pictures !== undefined;
    if (manifest === undefined || hasPictures !== makesPictures) {
      throw new Error(`${clip.title}: ${JSON.stringify(value.outcome)}`);
    }
    return {
      ...cost,
      command: makesPictures ? [] : manifest.command,
      segments: manifest.segments?.sources.length ?? 0,
      ...{ peakBytes, proxyBytes: manifest.output.size },
    };
  } finally {
    catalog.close();
    await rm(state, { recursive: true, force: true });
  }
}

function watchPeak(directory: string): { readonly stop: () => Promise<number> } {
  let peak = 0;
  let isOver = false;
  const watch = async () => {
    while (!isOver) {
      peak = Math.max(peak, await bytesBelow(directory));
      await sleep(500);
    }
    return peak;
  };
  const watching = watch();
  return {
    stop: () => {
      isOver = true;
      return watching;
    },
  };
}

/** What is removed meanwhile counts for nothing. */
async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function oneJob(generation: Generation, most: number): Promise<FinishedJob> {
  let workers: WorkerPool | undefined;
  const finished = new Promise<FinishedJob>((resolve) => {
    workers = new WorkerPool(generation, { workers: most, reserveBytes: 0, onFinished: resolve });
  });
  await workers?.start();
  const job = await finished;
  await workers?.stop();
  return job;
}

async function costOf<T>(action: () => Promise<T>): Promise<{ readonly cost: Cost; readonly value: T }> {
  const [cpu, start] = [cpuMs(), performance.now()];
  const value = await action();
  return { cost: { wallMs: performance.now() - start, cpuMs: cpuMs() - cpu }, value };
}

/** The kernel's count, in hundredths of a second: of this process, and of its children that have ended. */
function cpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ').slice(11, 15) ?? [];
  return fields.reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}
