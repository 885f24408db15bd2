/**
 * One long clip in segments against the same clip in one piece: by one worker, and by two that
 * have nothing else to do. Each round all ways, one after the other; ratios are taken within a round.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RealPath } from '../../src/base/paths.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { type Bench, CLIPS, type Cost, makeMaster, measureJob } from './generate.js';

export type SegmentWay = 'one piece' | 'segments' | 'two workers';

export interface SegmentRow {
  readonly title: string;
  readonly segments: number;
  readonly rounds: readonly Readonly<Record<SegmentWay, Cost>>[];
}

const SIZE = '960x540';

/** Two segments and a half. */
export async function benchSegments(root: string, segmentSeconds: number, rounds: number): Promise<SegmentRow[]> {
  const toolchain = await locateFfmpeg();
  const rows: SegmentRow[] = [];
  for (const clip of CLIPS) {
    const directory = await mkdtemp(join(root, 'segments-'));
    const source = join(directory, 'source') as RealPath;
    await mkdir(source);
    await makeMaster(toolchain, clip, join(source, clip.name) as RealPath, segmentSeconds * 2.5, SIZE);
    rows.push({
      title: clip.title,
      ...(await benchClip({ toolchain, clip, directory, source }, segmentSeconds, rounds)),
    });
    await rm(directory, { recursive: true });
  }
  return rows;
}

async function benchClip(bench: Bench, segmentSeconds: number, rounds: number) {
  const measured: Record<SegmentWay, Cost>[] = [];
  let segments = 0;
  for (let round = 0; round <= rounds; round += 1) {
    const onePiece = await measureJob(bench, {});
    const inSegments = await measureJob(bench, { segmentSeconds });
    const twoWorkers = await measureJob(bench, { segmentSeconds, workers: 2 });
    segments = inSegments.segments;
    // The first round warms the caches.
    if (round > 0) measured.push({ 'one piece': onePiece, segments: inSegments, 'two workers': twoWorkers });
  }
  return { segments, rounds: measured };
}
