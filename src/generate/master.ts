/** The master while a proxy is made of it: it must be the file that was examined, from beginning to end. */

import { lstat } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';

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

/** Whether there is any answer for the path: a drive that went away, or a server that is down, gives none. */
export async function isReachable(path: RealPath): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
