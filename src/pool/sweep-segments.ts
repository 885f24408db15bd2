/**
 * Removes segments of proxies that nobody finished: a folder of `segments/` to which nothing was
 * written for a week. One that is worked on is written to every few minutes.
 */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';

const LEFT_ALONE_MS = 7 * 24 * 3_600_000;

/** Returns how many folders were removed. */
export async function sweepSegments(pool: RealPath, now: number): Promise<number> {
  const directory = join(pool, 'segments');
  let removed = 0;
  for (const name of await namesIn(directory)) {
    const folder = join(directory, name);
    if ((await lastWrite(folder)) >= now - LEFT_ALONE_MS) continue;
    await rm(folder, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

/** By ctime, which nobody can set back. */
async function lastWrite(folder: string): Promise<number> {
  let last = 0;
  for (const name of ['.', ...(await namesIn(folder))]) {
    const found = await unlessGone(stat(join(folder, name)));
    last = Math.max(last, found?.ctimeMs ?? 0);
  }
  return last;
}

const namesIn = async (directory: string): Promise<string[]> => (await unlessGone(readdir(directory))) ?? [];

async function unlessGone<T>(looking: Promise<T>): Promise<T | undefined> {
  return await looking.catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
}
