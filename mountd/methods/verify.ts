/** `verify`: checks published proxies below the paths, and repairs what is damaged. */

import { isAtOrBelow, ROOT, type VirtualPath } from '../../src/base/paths.js';
import { unreachable } from '../../src/cache/inspect.js';
import { type ToVerify, verifyOne } from '../../src/cache/verify.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { existingPaths } from './paths.js';

type Damaged = Result<'verify'>['damaged'][number];

export async function verify(
  daemon: Daemon,
  params: Params<'verify'>,
  { by, progress, signal }: CallContext,
): Promise<Result<'verify'>> {
  const { cacheBook: book, journal, pool } = daemon.files;
  if (!(await pool.isReachable())) throw unreachable(pool);
  const prefixes = params.paths.length === 0 ? [ROOT] : await existingPaths(daemon, params.paths);
  const items = itemsBelow(daemon, prefixes);
  const deep = params.deep ? await daemon.production.generation() : undefined;
  const bytesTotal = items.reduce((sum, { object }) => sum + object.size, 0);
  const result: Result<'verify'> = { checked: 0, sound: 0, bytes: 0, damaged: [], unchecked: [] };
  for (const item of items) {
    signal.throwIfAborted();
    const { object, path, profile } = item;
    const { checked: done, bytes: bytesDone, damaged } = result;
    const state = { done, total: items.length, bytesDone, bytesTotal, damaged: damaged.length };
    progress({ kind: 'verify', ...state, current: path });
    const verdict = await verifyOne(item, { book, pool, deep, signal });
    result.checked += 1;
    result.bytes += object.size;
    if (verdict.kind === 'sound') result.sound += 1;
    else if (verdict.kind === 'unchecked') result.unchecked.push({ path, profile, reason: verdict.reason });
    else
      damaged.push({
        path,
        profile,
        problem: verdict.problem,
        ...(await repair(daemon, item, verdict.problem, params)),
      });
  }
  const { checked, damaged } = result;
  journal.record({ kind: 'verified', who: by, facts: { checked, damaged: damaged.length, deep: params.deep } });
  await daemon.ready.settle();
  return result;
}

async function repair(
  { cache, production, workers }: Daemon,
  { object }: ToVerify,
  problem: string,
  { repair: isWanted }: Params<'verify'>,
): Promise<Pick<Damaged, 'outcome' | 'reason'>> {
  if (!isWanted) return { outcome: 'left', reason: 'it was only to be looked at' };
  const { leftBecause } = await cache.health.withdraw(object, problem);
  if (leftBecause !== undefined) return { outcome: 'withdrawn', reason: `it could not be removed: ${leftBecause}` };
  if (workers > 0 && production.makesUnasked()) return { outcome: 'queued', reason: null };
  return { outcome: 'withdrawn', reason: 'this mount makes no proxies by itself' };
}

/** Each proxy once, however many copies of a clip it serves. */
function itemsBelow({ files }: Daemon, prefixes: readonly VirtualPath[]): readonly ToVerify[] {
  const items = new Map<string, ToVerify>();
  const objects = new Map(files.cacheBook.objects().map((object) => [object.key, object]));
  for (const { paths, variants } of files.catalog.servable()) {
    const path = paths.find((name) => prefixes.some((prefix) => isAtOrBelow(name, prefix)));
    if (path === undefined) continue;
    for (const { poolKey, profile } of variants) {
      const object = objects.get(poolKey);
      if (object !== undefined && !items.has(poolKey)) items.set(poolKey, { object, path, profile });
    }
  }
  return [...items.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
