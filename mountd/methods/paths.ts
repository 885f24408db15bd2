/** Paths as they come from a client: parsed, and there. */

import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { errnoOf, ProxyfsError } from '../../src/base/error.js';
import { withoutLinkedFolders } from '../../src/base/linked-folder.js';
import { realPathOf, toVirtualPath, type VirtualPath } from '../../src/base/paths.js';
import type { OfflinePlace } from '../../src/scan/offline.js';
import type { Daemon } from '../daemon.js';
import { whyOffline } from '../offline.js';
import { HIDDEN_NAME } from '../project-files.js';

export interface ExistingPath {
  readonly path: VirtualPath;
  readonly stat: BigIntStats;
}

/** Rejects with `path/missing`, or `path/outside-project` where a symbolic link leads out. Looks at the source, never at the mount. */
export async function existingPath(daemon: Daemon, text: string): Promise<ExistingPath> {
  const asked = toVirtualPath(text);
  const path = await withoutLinkedFolders(daemon.place.source, asked);
  if (path === undefined) throw linked(daemon, asked);
  if (path.split('/')[0] === HIDDEN_NAME) throw missing(daemon, path);
  try {
    return { path, stat: await lstat(realPathOf(daemon.place.source, path), { bigint: true }) };
  } catch (error) {
    const errno = errnoOf(error);
    const place = daemon.production.offlineAt(path);
    if (place !== undefined) throw offline(daemon, path, place);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw missing(daemon, path);
    throw error;
  }
}

/** What a list has nothing of is there all the same, or was: a name that nobody knows is a mistake in typing. */
export async function assertKnown(daemon: Daemon, path: VirtualPath): Promise<void> {
  if (daemon.files.catalog.names(path).length === 0) await existingPath(daemon, path);
}

export async function existingPaths(daemon: Daemon, texts: readonly string[]): Promise<VirtualPath[]> {
  const found = await Promise.all(texts.map((text) => existingPath(daemon, text)));
  return found.map(({ path }) => path);
}

function linked({ place }: Daemon, path: VirtualPath): ProxyfsError {
  const message = `'${path}' leads out of the project ${place.source} by a symbolic link: only what lies inside is served`;
  return new ProxyfsError('path/outside-project', message, { details: { path } });
}

function offline({ place: { source } }: Daemon, path: VirtualPath, place: OfflinePlace): ProxyfsError {
  const message = `'${path}' cannot be reached: ${whyOffline(place)}; connect its drive to ${source}`;
  return new ProxyfsError('source/missing', message, { details: { path, offline: place.path } });
}

function missing({ place }: Daemon, path: VirtualPath): ProxyfsError {
  const message = `there is no '${path}' in the project ${place.source}: check the name`;
  return new ProxyfsError('path/missing', message, { details: { path } });
}
