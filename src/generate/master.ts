/** The master while a proxy is made of it: it must be the file that was examined, from beginning to end. */

import { lstat } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { Generation } from './generation.js';

/** Whether the file at `path` is no longer the asset's master as the catalog knows it. Absence is a change. */
export async function hasMasterChanged(path: RealPath, { master, identity }: AssetRow): Promise<boolean> {
  try {
    const now = await lstat(path, { bigint: true });
    return now.size !== master.size || now.mtimeNs !== master.mtimeNs || now.ino !== identity.ino || !now.isFile();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return true;
    throw error;
  }
}

/**
 * Where the master of the asset lies that was found at `path`: it may have been renamed since, alone or with its
 * folder. undefined: it is not what it was, or nobody knows where it is. Rejects as `hasMasterChanged` does.
 */
export async function findMaster(
  { catalog, source }: Pick<Generation, 'catalog' | 'source'>,
  asset: AssetRow,
  path: VirtualPath,
): Promise<VirtualPath | undefined> {
  const names = new Set([path, ...(catalog.get(asset.id)?.paths ?? [])]);
  for (const name of names) if (!(await hasMasterChanged(realPathOf(source, name), asset))) return name;
  return undefined;
}

/** Whether there is any answer for the path: a drive that went away, or a server that is down, gives none. */
export async function isReachable(path: RealPath): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
