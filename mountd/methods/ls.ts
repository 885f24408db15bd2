/** `ls`: a folder of the source with what each of its files serves, or one file. */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../src/base/error.js';
import { ROOT, realPathOf, type VirtualPath } from '../../src/base/paths.js';
import type { Params, Result, ServedPath } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { HIDDEN_NAME } from '../project-files.js';
import { servedOf } from '../served.js';
import { existingPath } from './paths.js';

/** Calls of lstat at a time: enough for a network share, few enough for Node's threads. */
const BATCH = 64;

export async function list(daemon: Daemon, params: Params<'ls'>): Promise<Result<'ls'>> {
  const { path, stat } = await existingPath(daemon, params.path);
  if (!stat.isDirectory()) return { entries: [servedOf(daemon, path, stat)] };
  const folder = Buffer.from(`${realPathOf(daemon.place.source, path)}/`);
  // In bytes: a name need not be text, and is shown as far as it is.
  const names = (await readdir(folder, { encoding: 'buffer' })).sort(Buffer.compare);
  const visible = path === ROOT ? names.filter((name) => name.toString() !== HIDDEN_NAME) : names;
  const entries: ServedPath[] = [];
  for (let at = 0; at < visible.length; at += BATCH) {
    const batch = visible.slice(at, at + BATCH).map((name) => {
      return entryAt(daemon, join(path, name.toString()) as VirtualPath, Buffer.concat([folder, name]));
    });
    entries.push(...(await Promise.all(batch)).filter((entry) => entry !== undefined));
  }
  return { entries };
}

/** undefined: it went while the folder was being read. */
async function entryAt(daemon: Daemon, path: VirtualPath, real: Buffer): Promise<ServedPath | undefined> {
  try {
    return servedOf(daemon, path, await lstat(real, { bigint: true }));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
