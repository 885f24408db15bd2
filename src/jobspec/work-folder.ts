/**
 * Where outputs are made: a hidden folder in the output folder, so that the final rename
 * stays on one file system, with this process in its name.
 *
 * Promises: a job that ends removes its folder; what a killed one left is removed by the
 * next job in the same output folder, as soon as the process is known to be gone.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RealPath } from '../base/paths.js';
import { formatOwner, parseOwner, stateOf, thisProcess } from '../pool/owner.js';

const PREFIX = '.proxyfs-job.';

/** Rejects with the error of the system. */
export async function makeWorkFolder(outputDir: RealPath): Promise<RealPath> {
  const name = `${PREFIX}${formatOwner(thisProcess())}.${randomBytes(4).toString('hex')}`;
  const folder = join(outputDir, name) as RealPath;
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

export async function removeWorkFolder(folder: RealPath): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Removes what jobs of dead processes left. What belongs to another machine is left alone: nothing here can tell. */
export async function sweepWorkFolders(outputDir: RealPath): Promise<number> {
  let swept = 0;
  for (const name of await readdir(outputDir)) {
    const owner = name.startsWith(PREFIX) ? parseOwner(name) : undefined;
    if (owner === undefined || stateOf(owner) !== 'gone') continue;
    await rm(join(outputDir, name), { recursive: true, force: true });
    swept += 1;
  }
  return swept;
}
