/** Disk and watch limits: what a large project uses up. */

import { access, constants, readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatSize } from '../../src/base/byte-size.js';
import { errnoOf } from '../../src/base/error.js';
import { type Check, fail, ok, warn } from './check.js';

/** Proxies of a small show; below this an evening of prewarming can fill the disk. */
const COMFORTABLE_BYTES = 10e9;
/** Below this not even the catalog and a few clips fit. */
const NEEDED_BYTES = 200e6;
/** One watch per folder; a show with its cameras, days and takes has tens of thousands. */
const COMFORTABLE_WATCHES = 65_536;

/** Where catalogs and proxies go by default; the folder itself may not be there yet. */
export async function checkDisk(stateHome: string): Promise<Check> {
  const folder = await nearestExisting(stateHome);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const name = 'disk';
  const finding = `${formatSize(free)} free for catalog and proxies in ${stateHome}`;
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const elsewhere = 'use another disk with --pool DIR and --state DIR';
  if (!writable) return fail(name, `${folder} cannot be written to`, elsewhere);
  if (free < NEEDED_BYTES) return fail(name, finding, elsewhere);
  return free < COMFORTABLE_BYTES ? warn(name, finding, elsewhere) : ok(name, finding);
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return await nearestExisting(dirname(path));
  }
}

export async function checkWatches(file = '/proc/sys/fs/inotify/max_user_watches'): Promise<Check> {
  const name = 'watch limit';
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return warn(name, 'unknown', 'new footage is found by rescans');
  const watches = Number(text);
  const finding = `${watches.toLocaleString('en-US')} folders can be watched`;
  if (watches >= COMFORTABLE_WATCHES) return ok(name, finding);
  return warn(name, finding, `raise it for large projects: 'sysctl fs.inotify.max_user_watches=524288'`);
}
