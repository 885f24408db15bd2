/** `ls`: a folder of the source with what each of its files serves, or one file. */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../src/base/error.js';
import { ROOT, realPathOf, toVirtualPath, type VirtualPath } from '../../src/base/paths.js';
import type { Params, Result, ServedPath } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { offlineAt, offlineIn } from '../offline.js';
import { HIDDEN_NAME } from '../project-files.js';
import { servedOf } from '../served.js';
import { existingPath } from './paths.js';

/** Calls of lstat at a time: enough for a network share, few enough for Node's threads. */
const BATCH = 64;

export async function list(daemon: Daemon, params: Params<'ls'>): Promise<Result<'ls'>> {
  const asked = toVirtualPath(params.path);
  const away = offlineIn(daemon, asked);
  if (away === undefined) return { entries: await present(daemon, params.path) };
  const file = offlineAt(daemon, asked);
  // What is there although its place is offline counts as it is.
  const there = await present(daemon, params.path).catch(() => []);
  if (there.length === 0) return { entries: file === undefined ? [...away] : [file] };
  const seen = new Set(there.map(({ path }) => path));
  return { entries: [...there, ...away.filter(({ path }) => !seen.has(path))].sort(byPath) };
}

const byPath = (a: ServedPath, b: ServedPath): number => (a.path < b.path ? -1 : 1);

async function present(daemon: Daemon, text: string): Promise<ServedPath[]> {
  const { path, stat } = await existingPath(daemon, text);
  if (!stat.isDirectory()) return [servedOf(daemon, path, stat)];
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
  return entries;
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
