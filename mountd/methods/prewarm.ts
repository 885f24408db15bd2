/**
 * `prewarm`: examines what the paths and patterns name, queues what has no proxy in the
 * order in which it was named, and follows it to the end. A client that goes away stops following; the jobs go on.
 */

import { ProxyfsError } from '../../src/base/error.js';
import type { AssetId, PoolKey } from '../../src/base/ids.js';
import type { VirtualPath } from '../../src/base/paths.js';
import { returnMemory } from '../../src/base/return-memory.js';
import { Slices } from '../../src/base/slices.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { ClipResult, Params, Result } from '../../src/control/schema.js';
import type { Enqueued } from '../../src/generate/enqueue.js';
import type { MediaInfo } from '../../src/probe/media-info.js';
import { findSet } from '../../src/profiles/profiles.js';
import type { Daemon } from '../daemon.js';
import { JobFollower } from '../job-follower.js';
import { PrewarmTally } from '../prewarm-result.js';
import { QueuedRecord } from '../record.js';
import { requireLook } from './looks.js';
import { readProxies } from './read-proxies.js';
import { assetsOf, select } from './selection.js';

/** Assets at a time: their media facts do not have to fit into memory all at once. */
const BATCH = 250;
/** How long FFmpeg is taken for the one it was: to find it costs as much as to queue a batch. */
const FFMPEG_KNOWN_MS = 1000;
/** From here on one look at the whole pool is cheaper than one for each asset. */
const MANY = 1000;
/** A clip that was copied in just now is waited for this many settle times. */
const SETTLE_TIMES = 5;
const LEAST_SETTLE_WAIT_MS = 2000;

export async function prewarm(
  daemon: Daemon,
  params: Params<'prewarm'>,
  context: CallContext,
): Promise<Result<'prewarm'>> {
  if (params.wait && daemon.workers === 0) throw nobodyWorks();
  const ids = await findWanted(daemon, params, context);
  const follower = new JobFollower(daemon, context);
  const tally = new PrewarmTally();
  try {
    await enqueueAll(daemon, ids, params, context, { follower, tally });
    if (params.wait) for (const clip of await follower.untilDone()) tally.add(clip);
  } finally {
    follower.close();
    returnMemory(ids.length);
  }
  await daemon.ready.settle();
  const read = params.read === true ? { read: await readProxies(daemon, ids, params.profiles, context) } : {};
  return { ...tally.result(), ...read };
}

/** Looks at what the texts name, and returns the clips in the order in which they are wanted. */
export async function findWanted(
  daemon: Daemon,
  { paths, profiles = [] }: Pick<Params<'prewarm'>, 'paths' | 'profiles'>,
  context: CallContext,
): Promise<readonly AssetId[]> {
  for (const name of profiles) {
    findSet(name);
    requireLook(daemon, name);
  }
  const selection = await select(daemon, paths);
  await scanAll(daemon, selection.roots, context);
  return await assetsOf(daemon, selection, context.signal);
}

async function scanAll({ production, settleMs }: Daemon, paths: readonly VirtualPath[], context: CallContext) {
  const settleWithinMs = Math.max(LEAST_SETTLE_WAIT_MS, settleMs * SETTLE_TIMES);
  for (const path of paths) {
    await production.scan(path, {
      signal: context.signal,
      settleWithinMs,
      onProgress: ({ found, probed, total }) => context.progress({ kind: 'scan', found, probed, total: total ?? null }),
    });
  }
}

/** What is decided already is tallied; what is queued goes to the follower, where somebody waits for its end. */
async function enqueueAll(
  daemon: Daemon,
  ids: readonly AssetId[],
  { retryFailed = false, profiles = [], wait }: Params<'prewarm'>,
  { by, progress, signal }: CallContext,
  { follower, tally }: { readonly follower: JobFollower; readonly tally: PrewarmTally },
): Promise<void> {
  const keys = ids.length > MANY ? await daemon.files.pool.keys() : undefined;
  const mayBePublished = keys && ((key: PoolKey) => keys.has(key));
  const options = { jobClass: 'prewarm', inTurn: true, retryFailed, signal, mayBePublished } as const;
  const chosen = [...new Set(profiles)];
  const record = new QueuedRecord(daemon.files.journal, by, ids.length > MANY);
  const slices = new Slices();
  let foundAt = Number.NEGATIVE_INFINITY;
  try {
    for (let at = 0; at < ids.length; at += BATCH) {
      await slices.rest(signal);
      const assets = daemon.files.catalog.getAll(ids.slice(at, at + BATCH));
      const knowsFfmpeg = performance.now() - foundAt < FFMPEG_KNOWN_MS;
      if (!knowsFfmpeg) foundAt = performance.now();
      const since = Date.now();
      const answers = await daemon.production.enqueue(assets, { ...options, knowsFfmpeg, profiles: chosen });
      record.add(answers, since);
      for (const answer of answers) {
        if (answer.kind === 'queued') {
          if (wait) follower.add(answer.asset, answer.path, answer.profile, framesOf(answer.asset.media));
          else tally.addQueued(() => toClipResult(answer));
          continue;
        }
        const clip = toClipResult(answer);
        tally.add(clip);
        progress({ kind: 'clip', clip });
      }
    }
  } finally {
    record.end();
  }
}

function framesOf(media: MediaInfo | undefined): number | undefined {
  const video = media?.streams.find((stream) => stream.kind === 'video');
  return video?.kind === 'video' ? video.frames : undefined;
}

function toClipResult(answer: Enqueued): ClipResult {
  const clip = { path: answer.path, masterSize: Number(answer.asset.master.size), seconds: null };
  if (answer.kind === 'queued') {
    return { ...clip, profile: answer.profile, outcome: 'queued', reason: null, proxySize: null };
  }
  if (answer.kind === 'already-there' || answer.kind === 'adopted') {
    return { ...clip, outcome: 'already-there', reason: null, proxySize: answer.proxySize };
  }
  const outcome = answer.kind === 'ineligible' ? 'ineligible' : 'failed';
  return { ...clip, outcome, reason: answer.reason, proxySize: null };
}

function nobodyWorks(): ProxyfsError {
  const wayOut = 'mount it with --workers 1 or more, or only queue with --no-wait';
  return new ProxyfsError('request/invalid', `this mount makes no proxies (--workers 0): ${wayOut}`);
}
