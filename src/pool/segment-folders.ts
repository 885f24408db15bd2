/** The folders of `segments/`: parts of long proxies that are in the making, or that nobody went on with. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';

export interface SegmentFolder {
  readonly key: PoolKey;
  readonly path: RealPath;
  /** Bytes of what is in it. */
  readonly size: number;
  /** The last write, by ctime, which nobody can set back. */
  readonly at: number;
}

/** The oldest first. */
export async function listSegmentFolders(pool: RealPath): Promise<readonly SegmentFolder[]> {
  const directory = join(pool, 'segments');
  const folders: SegmentFolder[] = [];
  for (const name of await namesIn(directory)) folders.push(await look(name, join(directory, name) as RealPath));
  return folders.sort((a, b) => a.at - b.at);
}

async function look(name: string, path: RealPath): Promise<SegmentFolder> {
  const [own, ...parts] = await Promise.all(
    ['.', ...(await namesIn(path))].map((part) => unlessGone(stat(join(path, part)))),
  );
  const at = Math.max(own?.ctimeMs ?? 0, ...parts.map((part) => part?.ctimeMs ?? 0));
  return { key: name as PoolKey, path, size: parts.reduce((sum, part) => sum + (part?.size ?? 0), 0), at };
}

const namesIn = async (directory: string): Promise<string[]> => (await unlessGone(readdir(directory))) ?? [];

async function unlessGone<T>(looking: Promise<T>): Promise<T | undefined> {
  return await looking.catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
}
