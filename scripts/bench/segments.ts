/**
 * One long clip in segments against the same clip in one piece: by one worker, and by two that
 * have nothing else to do. Each round all ways, forwards and backwards in turn, so that a machine
 * that becomes slower favours none; ratios are taken within a round.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RealPath } from '../../src/base/paths.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { type Bench, CLIPS, type Clip, type Cost, makeMaster, measureJob } from './generate.js';

export type SegmentWay = 'one piece' | 'segments' | 'two workers';

/** What was in the pool at most, beside the size of the finished proxy. */
export interface SegmentCost extends Cost {
  readonly peakBytes: number;
  readonly proxyBytes: number;
}

export interface SegmentRow {
  readonly title: string;
  readonly segments: number;
  readonly rounds: readonly Readonly<Record<SegmentWay, SegmentCost>>[];
}

export interface SegmentOptions {
  readonly size: string;
  readonly seconds: number;
  readonly segmentSeconds: number;
  readonly rounds: number;
}

const WORDS = ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '20M', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le'];
const ALL: readonly Clip[] = [
  ...CLIPS,
  { name: 'c.mov', title: 'H.264 long GOP to ProRes Proxy', profile: 'edit', words: WORDS },
];

/** The second worker begins with a seek into groups of ten seconds: what that costs is in the figures. */
export async function benchSegments(root: string, options: SegmentOptions): Promise<SegmentRow[]> {
  const toolchain = await locateFfmpeg();
  const rows: SegmentRow[] = [];
  for (const clip of ALL) {
    const directory = await mkdtemp(join(root, 'segments-'));
    const source = join(directory, 'source') as RealPath;
    await mkdir(source);
    await makeMaster(toolchain, clip, join(source, clip.name) as RealPath, options.seconds, options.size);
    rows.push({ title: clip.title, ...(await benchClip({ toolchain, clip, directory, source }, options)) });
    await rm(directory, { recursive: true });
  }
  return rows;
}

async function benchClip(bench: Bench, { rounds, segmentSeconds }: SegmentOptions) {
  const ways = [
    ['one piece', {}],
    ['segments', { segmentSeconds }],
    ['two workers', { segmentSeconds, workers: 2 }],
  ] as const;
  const measured: Record<SegmentWay, SegmentCost>[] = [];
  let segments = 0;
  for (let round = 0; round < rounds; round += 1) {
    const costs = new Map<SegmentWay, SegmentCost>();
    for (const [way, options] of round % 2 === 0 ? ways : [...ways].reverse()) {
      const cost = await measureJob(bench, options);
      costs.set(way, cost);
      if (way === 'one piece') continue;
      segments = cost.segments;
      if (segments === 0) throw new Error(`${bench.clip.title}: it was encoded in one piece`);
    }
    measured.push(Object.fromEntries(costs) as Record<SegmentWay, SegmentCost>);
  }
  return { segments, rounds: measured };
}
