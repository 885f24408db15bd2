/** `adopt`: takes over proxies of cameras and editors that lie beside the clips, after validation. */

import { type Adoption, adoptSibling } from '../../src/adopt/adopt.js';
import type { AssetId } from '../../src/base/ids.js';
import { isAtOrBelow, type VirtualPath } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import { countFrames } from '../../src/generate/count-frames.js';
import type { Daemon } from '../daemon.js';
import { recordAdoption } from '../record.js';
import { existingPaths } from './paths.js';

type Clip = Result<'adopt'>['clips'][number];

export async function adopt(
  daemon: Daemon,
  params: Params<'adopt'>,
  { by, signal }: CallContext,
): Promise<Result<'adopt'>> {
  const paths = await existingPaths(daemon, params.paths);
  for (const path of paths) await daemon.production.scan(path, { signal });
  const generation = await daemon.production.generation();
  const clips: Clip[] = [];
  // Also of what the pool had already, of a clip with the same content.
  const there: AssetId[] = [];
  for (const { id, path } of assetsBelow(daemon, paths)) {
    signal.throwIfAborted();
    const row = daemon.files.catalog.get(id);
    if (row === undefined) continue;
    const asset = await countFrames(generation, row, signal);
    const outcome = await adoptSibling(generation, asset, daemon.profileOf([path]), signal);
    recordAdoption(daemon, { asset: id, path, profile: daemon.profileOf([path]), who: by }, outcome);
    if (outcome.kind === 'adopted' || outcome.kind === 'already-there') there.push(id);
    if (outcome.kind === 'adopted') there.push(...idsOf(daemon, outcome.from));
    clips.push(describe(path, outcome));
  }
  daemon.production.servable(there);
  await daemon.ready.settle();
  const refused = clips.filter((clip) => clip.outcome === 'refused').length;
  const adopted = clips.filter((clip) => clip.outcome === 'adopted').length;
  return { clips, adopted, refused };
}

/** The file was a clip of its own until now. */
function idsOf({ files }: Daemon, from: string): readonly AssetId[] {
  const own = files.catalog.byPath(from as VirtualPath);
  return own === undefined ? [] : [own.id];
}

function assetsBelow({ files }: Daemon, prefixes: readonly VirtualPath[]): { id: AssetId; path: VirtualPath }[] {
  return [...files.catalog.servable()].flatMap(({ id, paths }) => {
    const path = paths.find((name) => prefixes.some((prefix) => isAtOrBelow(name, prefix)));
    return path === undefined ? [] : [{ id, path }];
  });
}

function describe(path: VirtualPath, outcome: Adoption): Clip {
  const from = outcome.kind === 'adopted' || outcome.kind === 'refused' ? outcome.from : null;
  const reason = outcome.kind === 'refused' || outcome.kind === 'ineligible' ? outcome.reason : null;
  return { path, outcome: outcome.kind, from, reason };
}
