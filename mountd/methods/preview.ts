/** `prewarm.preview`: what a prewarm would make, how much space that takes and how long. Queues nothing. */

import { Slices } from '../../src/base/slices.js';
import { settingsOf } from '../../src/config/read-settings.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import { type Preview, previewProxy } from '../../src/generate/preview.js';
import type { Daemon } from '../daemon.js';
import { Estimator } from '../estimate.js';
import { findWanted } from './prewarm.js';

type Row = Result<'prewarm.preview'>['clips'][number];

export async function previewPrewarm(
  daemon: Daemon,
  params: Params<'prewarm.preview'>,
  context: CallContext,
): Promise<Result<'prewarm.preview'>> {
  const { files, production } = daemon;
  const ids = await findWanted(daemon, params, context);
  const generation = await production.generation();
  const estimator = new Estimator(files);
  const clips: Row[] = [];
  const slices = new Slices();
  for (const id of ids) {
    await slices.rest(context.signal);
    const asset = files.catalog.get(id);
    if (asset === undefined) continue;
    const profiles = params.profiles ?? [daemon.profileOf(asset.paths)];
    for (const profile of new Set(profiles)) {
      const options = { retryFailed: params.retryFailed ?? false };
      clips.push(toRow(await previewProxy(generation, asset, profile, options), estimator));
    }
  }
  const { encoders } = production.budget();
  const { free } = await files.pool.space();
  const { diskReserveBytes } = settingsOf(daemon.traced);
  const poolFree = Math.max(0, free - diskReserveBytes);
  const poolQuota = (await daemon.cache.keeper.quota()) ?? null;
  return { clips, ...totalsOf(clips, encoders), encoders, poolFree, poolQuota };
}

function toRow(preview: Preview, estimator: Estimator): Row {
  const { asset, profile, kind } = preview;
  const clip = { path: asset.paths[0] ?? '', profile, outcome: kind, masterSize: Number(asset.master.size) };
  switch (preview.kind) {
    case 'ready':
      return { ...clip, reason: null, bytes: preview.proxySize, seconds: null, measured: true };
    case 'make':
    case 'waiting':
    case 'running':
      return { ...clip, reason: null, ...estimator.of(preview.plan, profile), measured: estimator.knows(profile) };
    default:
      return { ...clip, reason: preview.reason, bytes: null, seconds: null, measured: false };
  }
}

/** What is in the queue already counts, too: it takes its time and its space. */
function totalsOf(clips: readonly Row[], encoders: number) {
  const wanted = clips.filter(({ outcome }) => outcome === 'make' || outcome === 'waiting' || outcome === 'running');
  const seconds = wanted.map((clip) => clip.seconds);
  const isKnown = encoders > 0 && seconds.every((each) => each !== null);
  const sum = seconds.reduce<number>((all, each) => all + (each ?? 0), 0);
  return {
    bytes: wanted.reduce((all, clip) => all + (clip.bytes ?? 0), 0),
    // No two encoders share a clip's end: the longest one is a lower bound.
    seconds: isKnown ? Math.max(sum / encoders, ...seconds.map((each) => each ?? 0), 0) : null,
    measured: wanted.every((clip) => clip.measured),
  };
}
