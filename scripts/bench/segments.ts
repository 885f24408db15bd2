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

const SEGMENT_SECONDS = 60;

/** Two segments and a half, of the usual length: what a segment costs more is a share of it. */
export async function benchSegments(root: string, size: string, rounds: number): Promise<SegmentRow[]> {
  const toolchain = await locateFfmpeg();
  const rows: SegmentRow[] = [];
  for (const clip of CLIPS) {
    const directory = await mkdtemp(join(root, 'segments-'));
    const source = join(directory, 'source') as RealPath;
    await mkdir(source);
    await makeMaster(toolchain, clip, join(source, clip.name) as RealPath, SEGMENT_SECONDS * 2.5, size);
    rows.push({
      title: clip.title,
      ...(await benchClip({ toolchain, clip, directory, source }, rounds)),
    });
    await rm(directory, { recursive: true });
  }
  return rows;
}

async function benchClip(bench: Bench, rounds: number) {
  const segmentSeconds = SEGMENT_SECONDS;
  const measured: Record<SegmentWay, Cost>[] = [];
  let segments = 0;
  for (let round = 0; round <= rounds; round += 1) {
    const onePiece = await measureJob(bench, {});
    const inSegments = await measureJob(bench, { segmentSeconds });
    const twoWorkers = await measureJob(bench, { segmentSeconds, workers: 2 });
    segments = inSegments.segments;
    if (segments === 0) throw new Error(`${bench.clip.title}: it was encoded in one piece`);
    // The first round warms the caches.
    if (round > 0) measured.push({ 'one piece': onePiece, segments: inSegments, 'two workers': twoWorkers });
  }
  return { segments, rounds: measured };
}
