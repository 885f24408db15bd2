/** `pictures`: where poster and sheet of each clip lie that came out of the making of its proxy. */

import type { PoolKey } from '../../src/base/ids.js';
import { isAtOrBelow, type VirtualPath } from '../../src/base/paths.js';
import type { VariantRow } from '../../src/catalog/catalog.js';
import type { Params, Result } from '../../src/control/schema.js';
import { PICTURE_SUFFIXES, type PublishedPictures } from '../../src/pool/manifest.js';
import type { Daemon } from '../daemon.js';
import { existingPaths } from './paths.js';

type Clip = Result<'pictures'>['clips'][number];

/** Clips without a proxy are left out. */
export async function listPictures(daemon: Daemon, params: Params<'pictures'>): Promise<Result<'pictures'>> {
  const prefixes = await existingPaths(daemon, params.paths);
  const clips: Clip[] = [];
  for (const { id, paths } of daemon.files.catalog.servable()) {
    const path = paths.find((name) => prefixes.some((prefix) => isAtOrBelow(name, prefix)));
    const variants = path === undefined ? [] : daemon.files.catalog.variantsOf(id);
    if (path !== undefined && variants.length > 0) clips.push(await clipOf(daemon, path, variants));
  }
  clips.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { clips, found: clips.filter(({ pictures }) => pictures !== null).length };
}

/** Those of the set that is served here, else of any other: all are of the same clip. */
async function clipOf(daemon: Daemon, path: VirtualPath, variants: readonly VariantRow[]): Promise<Clip> {
  const served = daemon.profileOf([path]);
  const own = variants.filter(({ profile }) => profile === served);
  const candidates = [...own, ...variants.filter(({ profile }) => profile !== served)];
  for (const { poolKey, profile } of candidates) {
    const pictures = (await daemon.files.pool.find(poolKey))?.pictures;
    if (pictures !== undefined) return { path, profile, pictures: filesOf(daemon, poolKey, pictures) };
  }
  return { path, profile: candidates[0]?.profile ?? served, pictures: null };
}

function filesOf({ files: { pool } }: Daemon, key: PoolKey, { poster, sprite }: PublishedPictures): Clip['pictures'] {
  const at = (part: keyof typeof PICTURE_SUFFIXES) => pool.fileOf(key, PICTURE_SUFFIXES[part]);
  return { poster: { file: at('poster'), ...poster }, sprite: { file: at('sprite'), index: at('index'), ...sprite } };
}
