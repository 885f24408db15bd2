/**
 * Paths of a project that go through symbolic links. The daemon follows none out of the
 * source: there may lie anything its user can read, and it is no part of the project.
 * Through the mount links work as anywhere, since there the kernel follows them with the
 * rights of whoever asks.
 */

import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './error.js';
import { type RealPath, realPathOf, type VirtualPath, virtualPathBelow } from './paths.js';

/**
 * `path` with its folders where they really are, or undefined when that is outside the source.
 * The last component stays, also when it is a link; so does a path whose folder is not there.
 */
export async function withoutLinkedFolders(source: RealPath, path: VirtualPath): Promise<VirtualPath | undefined> {
  if (!path.includes('/')) return path;
  try {
    const folder = await realpath(dirname(realPathOf(source, path)));
    return virtualPathBelow(source, join(folder, basename(path)));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return path;
  }
}
