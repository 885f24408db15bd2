/** `pin` and `unpin`: what is never removed from the pool to make room. */

import { isAtOrBelow, toVirtualPath, type VirtualPath } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { existingPaths } from './paths.js';

export async function pin(daemon: Daemon, params: Params<'pin'>, { by }: CallContext): Promise<Result<'pin'>> {
  const { cache, files } = daemon;
  const paths = await existingPaths(daemon, params.paths);
  if (paths.length > 0) {
    await cache.pins.pin(paths, Date.now());
    for (const path of paths) files.journal.record({ kind: 'pinned', path, who: by, facts: {} });
  }
  return { pins: [...cache.pins.list()], queued: await missAgain(daemon, paths) };
}

export async function unpin(daemon: Daemon, params: Params<'unpin'>, { by }: CallContext): Promise<Result<'unpin'>> {
  const { cache, files } = daemon;
  // A pinned path may be gone: it is taken by its name.
  const removed = cache.pins.unpin(params.paths.map(toVirtualPath));
  for (const path of removed) files.journal.record({ kind: 'unpinned', path, who: by, facts: {} });
  return { pins: [...cache.pins.list()], removed: [...removed] };
}

/** What was removed below the paths is wanted again. Returns how many. */
async function missAgain({ files, production, profileOf }: Daemon, prefixes: readonly VirtualPath[]): Promise<number> {
  if (prefixes.length === 0) return 0;
  const rows = [...files.catalog.servable()].filter(({ paths }) =>
    paths.some((path) => prefixes.some((prefix) => isAtOrBelow(path, prefix))),
  );
  const removed = rows.filter(({ id, paths }) => files.cacheBook.evictionOf(id, profileOf(paths)) !== undefined);
  for (const { id, paths } of removed) files.cacheBook.clearEviction(id, profileOf(paths));
  production.makeAgain(removed.map(({ id }) => id));
  return removed.length;
}
