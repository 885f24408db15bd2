/** `adopt.files`: takes over finished files, such as the outputs of a job, as proxies of clips. */

import { adoptFile } from '../../src/adopt/adopt.js';
import type { AssetId } from '../../src/base/ids.js';
import { toRealPath, virtualPathBelow } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import { countFrames } from '../../src/generate/count-frames.js';
import type { Daemon } from '../daemon.js';
import { recordAdoption } from '../record.js';
import { existingPath } from './paths.js';

type Clip = Result<'adopt.files'>['clips'][number];
type Adopted = Clip & { readonly id?: AssetId };

export async function adoptFiles(
  daemon: Daemon,
  { files }: Params<'adopt.files'>,
  { by, signal }: CallContext,
): Promise<Result<'adopt.files'>> {
  const clips: Adopted[] = [];
  for (const { path, file } of files) {
    signal.throwIfAborted();
    clips.push(await adoptOne(daemon, { path, file, by }, signal));
  }
  // What the pool had already, of a clip with the same content, is new for this path.
  const isThere = ({ outcome }: Adopted) => outcome === 'adopted' || outcome === 'already-there';
  daemon.production.servable(clips.filter(isThere).flatMap(({ id }) => (id === undefined ? [] : [id])));
  await daemon.ready.settle();
  const count = (...outcomes: string[]) => clips.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    clips: clips.map(({ path, outcome, reason }) => ({ path, outcome, reason })),
    adopted: count('adopted'),
    refused: count('refused', 'ineligible'),
  };
}

interface Offer {
  readonly path: string;
  readonly file: string;
  readonly by: CallContext['by'];
}

async function adoptOne(daemon: Daemon, offer: Offer, signal: AbortSignal): Promise<Adopted> {
  const { path, stat } = await existingPath(daemon, offer.path);
  const file = toRealPath(offer.file);
  // The daemon never reads through its own mount.
  if (virtualPathBelow(daemon.place.mountPoint, file) !== undefined) {
    return { path, outcome: 'refused', reason: `'${file}' lies below the mount itself: name it elsewhere` };
  }
  await daemon.production.scan(path, { signal });
  const row = daemon.files.catalog.byIdentity({ dev: stat.dev, ino: stat.ino });
  if (row === undefined) return { path, outcome: 'ineligible', reason: 'it is no clip that can have a proxy' };
  const generation = await daemon.production.generation();
  const asset = await countFrames(generation, row, signal);
  const profile = daemon.profileOf([path]);
  const adoption = await adoptFile(generation, asset, { profile, file }, signal);
  recordAdoption(daemon, { asset: asset.id, path, profile, who: offer.by }, adoption);
  const reason = adoption.kind === 'refused' || adoption.kind === 'ineligible' ? adoption.reason : null;
  return { id: asset.id, path, outcome: adoption.kind, reason };
}
