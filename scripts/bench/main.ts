/**
 * Compares proxyfs with the bare folder and with other pass-through file systems, in one run.
 *
 * usage: scripts/bench/run [--quick] [--json FILE] [--rounds N] [--only reads|flips|projects|playback|queue|generate|segments]
 *
 * Each round measures every target in turn. The best round of each is shown, since other load on
 * the machine only ever takes away; what counts is the ratio to the bare folder. The JSON has all.
 */

import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { SETTINGS } from '../../src/config/settings.js';
import { benchFlips } from './flips.js';
import { benchGenerate } from './generate.js';
import { benchPlayback } from './playback.js';
import { benchProjects } from './projects.js';
import { benchQueue } from './queue.js';
import {
  formatFlips,
  formatGenerate,
  formatPlayback,
  formatProjects,
  formatQueue,
  formatReads,
  formatSegments,
  type ReadResult,
} from './report.js';
import { measure, ROWS } from './rows.js';
import { buildReader, makeSampleTree, type SampleTree } from './sample-tree.js';
import { benchSegments, type SegmentRow } from './segments.js';
import { availableTargets, type Target } from './targets.js';

const { values: args } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
  },
});

/** Assets, and other files of the same tree. */
const SMALL_PROJECTS = [
  [0, 0],
  [10_000, 0],
] as const;
const PROJECTS = [
  [0, 0],
  [100_000, 0],
  [0, 1_000_000],
] as const;

/** Rounds of each scenario, and seconds of each. */
const QUICK_PLAY = { rounds: 1, seconds: 8 };
const PLAY = { rounds: 3, seconds: 15 };

/** Many short ones, which cost most; and the shortest clip that is divided without being told so. */
const QUICK_SEGMENTS = { size: '1280x720', seconds: 16, segmentSeconds: 4, most: 2 };
const SEGMENTS = { size: '1280x720', seconds: 122, segmentSeconds: SETTINGS.segmentSeconds.fallback, most: 3 };

const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-bench-')));
try {
  const reader = await buildReader(root);
  const isWanted = (part: string) => args.only === undefined || args.only === part;
  const reads = isWanted('reads') ? await benchReads(reader, Number(args.rounds)) : [];
  process.stdout.write(formatReads(reads));
  const counts = args.quick ? [1, 1_000] : [1, 1_000, 100_000];
  const flips = isWanted('flips') ? await benchFlips(root, reader, counts) : [];
  process.stdout.write(formatFlips(flips));
  const projects = isWanted('projects')
    ? await benchProjects(root, reader, args.quick ? SMALL_PROJECTS : PROJECTS)
    : [];
  process.stdout.write(formatProjects(projects));
  const playback = isWanted('playback') ? await benchPlayback(root, args.quick ? QUICK_PLAY : PLAY) : [];
  process.stdout.write(formatPlayback(playback));
  const queue = isWanted('queue') ? await benchQueue(root, args.quick ? 10_000 : 100_000) : [];
  process.stdout.write(formatQueue(queue));
  const generate = isWanted('generate') ? await benchGenerate(root, args.quick ? 2 : 15, Number(args.rounds)) : [];
  process.stdout.write(formatGenerate(generate));
  const segments = isWanted('segments') ? await longClips() : [];
  process.stdout.write(formatSegments(segments));
  const results = { reads, flips, projects, playback, queue, generate, segments };
  if (args.json !== undefined) await writeFile(args.json, `${JSON.stringify(results, null, 2)}\n`);
} finally {
  await rm(root, { recursive: true, force: true });
}

async function longClips(): Promise<SegmentRow[]> {
  const { most, ...options } = args.quick ? QUICK_SEGMENTS : SEGMENTS;
  return await benchSegments(root, { ...options, rounds: Math.min(most, Number(args.rounds)) });
}

async function benchReads(reader: string, rounds: number): Promise<ReadResult[]> {
  const tree = await makeSampleTree(root, args.quick ? 64 : 512, args.quick ? 2_000 : 20_000);
  const targets = await availableTargets();
  const figures = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const target of targets) await benchTarget(reader, tree, target, figures);
  }
  return ROWS.map(({ title, unit }) => ({
    title,
    unit,
    figures: targets.map(({ name }) => {
      const rounds = figures.get(`${title}/${name}`) ?? [];
      return { target: name, value: Math.max(...rounds), rounds };
    }),
  }));
}

async function benchTarget(
  reader: string,
  tree: SampleTree,
  target: Target,
  figures: Map<string, number[]>,
): Promise<void> {
  for (const row of ROWS) {
    if (row.sharedMap && target.uncached) continue;
    const mounted = await target.start(tree.source, root);
    try {
      if (!row.cold) await measure(reader, row, mounted.path, tree);
      const key = `${row.title}/${target.name}`;
      figures.set(key, [...(figures.get(key) ?? []), await measure(reader, row, mounted.path, tree)]);
    } finally {
      await mounted.stop();
    }
  }
}
