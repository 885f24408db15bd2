/** Makes the proxies that are judged, by the parts that a daemon works with: scan, queue, workers, pool. */

import { readdirSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import { type RealPath, ROOT, realPathOf, type VirtualPath } from '../../src/base/paths.js';
import type { AssetRow } from '../../src/catalog/asset.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { enqueueMissing } from '../../src/generate/enqueue.js';
import type { Generation } from '../../src/generate/generation.js';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { createQueue } from '../../src/jobs/sqlite-queue.js';
import { silentLogger } from '../../src/log/logger.js';
import { openPool } from '../../src/pool/directory-pool.js';
import { createExamine } from '../../src/scan/examine.js';
import { Scanner } from '../../src/scan/scanner.js';
import { openDatabase } from '../../src/store/database.js';

export type Verdict = { readonly name: string; readonly set: string } & (
  | { readonly kind: 'proxy'; readonly master: RealPath; readonly proxy: RealPath }
  /** It stays master for this reason. */
  | { readonly kind: 'master'; readonly reason: string }
  /** It was to have one. */
  | { readonly kind: 'failed'; readonly reason: string }
);

/** One clip at a time, so that the disk holds the proxies of one. `folder` is only read. */
export async function* makeAll(
  root: string,
  folder: string,
  sets: readonly string[],
  wanted: (name: string) => boolean,
): AsyncGenerator<Verdict> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replace(/^\/+/, ''));
  for (const name of names.sort()) {
    if (name.includes('\uFFFD')) {
      for (const set of sets) yield { name, set, kind: 'master', reason: 'its name is not valid UTF-8' };
    } else {
      yield* makeOne(root, folder, name, sets);
    }
  }
}

async function* makeOne(root: string, folder: string, name: string, sets: readonly string[]): AsyncGenerator<Verdict> {
  const directory = join(root, 'one');
  const source = join(directory, 'source') as RealPath;
  await mkdir(join(source, name, '..'), { recursive: true });
  await mkdir(join(directory, 'state'));
  await copyFile(join(folder, name), join(source, name));
  const database = openDatabase(join(directory, 'state', 'catalog.db') as RealPath);
  const [catalog, queue] = [createCatalog(database), createQueue(database)];
  const [toolchain, pool] = [await locateFfmpeg(), await openPool(join(directory, 'pool') as RealPath)];
  const log = silentLogger;
  const generation = { source, catalog, queue, pool, toolchain, log, clock: systemClock, makesPictures: true };
  try {
    const examine = createExamine(toolchain);
    await new Scanner({ source, catalog, examine, log, hiddenRootNames: [], settleMs: 0 }).scan(ROOT);
    const [asset] = catalog.below(ROOT);
    if (asset === undefined) return;
    for (const set of sets) yield { name, set, ...(await makeFor({ ...generation, profile: set }, asset)) };
  } finally {
    catalog.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeFor(generation: Generation, asset: AssetRow) {
  const { source, catalog, pool, profile } = generation;
  const path = asset.paths[0] as VirtualPath;
  const [answer] = await enqueueMissing(generation, [asset], { jobClass: 'prewarm' });
  if (answer === undefined) throw new Error('no answer');
  if (answer.kind === 'ineligible' || answer.kind === 'not-ready') {
    return { kind: 'master' as const, reason: answer.reason };
  }
  const job = answer.kind === 'queued' ? await work(generation) : undefined;
  const variant = catalog.variantsOf(asset.id).find((row) => row.profile === profile);
  if (variant === undefined) {
    const outcome = job?.outcome ?? answer;
    return { kind: 'failed' as const, reason: 'reason' in outcome ? outcome.reason : outcome.kind };
  }
  const proxy = pool.fileOf(variant.poolKey, variant.extension);
  return { kind: 'proxy' as const, master: realPathOf(source, path), proxy };
}

async function work(generation: Generation): Promise<FinishedJob> {
  let workers: WorkerPool | undefined;
  const finished = new Promise<FinishedJob>((resolve) => {
    workers = new WorkerPool(generation, { workers: 1, reserveBytes: 0, onFinished: resolve });
  });
  await workers?.start();
  const job = await finished;
  await workers?.stop();
  return job;
}
