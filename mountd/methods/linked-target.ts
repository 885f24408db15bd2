/**
 * What a symbolic link of the project leads to, as somebody in the mount would find it.
 *
 * Links are read in the source, never in the mount. A link that leads out of the project is
 * refused: what it leads to is not ours to look at, nor served by us.
 */

import { readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { ProxyfsError } from '../../src/base/error.js';
import { type RealPath, realPathOf, type VirtualPath, virtualPathBelow } from '../../src/base/paths.js';
import type { Daemon } from '../daemon.js';
import { type ExistingPath, existingPath } from './paths.js';

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** The path itself when it is no link. Rejects with `path/missing` and `path/outside-project`. */
export async function behindLinks(daemon: Daemon, found: ExistingPath): Promise<ExistingPath> {
  let current = found;
  for (let links = 0; current.stat.isSymbolicLink(); links += 1) {
    if (links >= MOST_LINKS) throw new ProxyfsError('path/missing', `'${found.path}' is a ring of symbolic links`);
    current = await existingPath(daemon, await targetOf(daemon, current.path, found.path));
  }
  return current;
}

async function targetOf({ place }: Daemon, link: VirtualPath, named: VirtualPath): Promise<VirtualPath> {
  const text = await readlink(realPathOf(place.source, link));
  // In the mount, an absolute link stays with the mount only when it names it.
  const target = isAbsolute(text)
    ? virtualPathBelow(place.mountPoint, text as RealPath)
    : virtualPathBelow(place.source, join(dirname(realPathOf(place.source, link)), text) as RealPath);
  if (target !== undefined) return target;
  const message = `'${named}' is a symbolic link to ${text}, which is not in the mount: name the file itself`;
  throw new ProxyfsError('path/outside-project', message, { details: { path: named } });
}
