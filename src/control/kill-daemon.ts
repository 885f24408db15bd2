/**
 * The end of a daemon that answers nobody: it is killed together with its guardian, which would start it again.
 *
 * Encoders die with it; jobs and proxies are what they are after a crash. The mount is left to the caller.
 */

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { errnoOf } from '../base/error.js';
import type { RuntimeRecord } from './runtime-record.js';

export async function killDaemon({ pid, guardian }: RuntimeRecord): Promise<void> {
  // The guardian leads a group of its own, in which the daemon is. Its number may belong to somebody else by now.
  const isGuarded = guardian !== undefined && (await parentOf(pid)) === guardian;
  try {
    process.kill(isGuarded ? -guardian : pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** undefined: there is no such process. */
async function parentOf(pid: number): Promise<number | undefined> {
  try {
    const parent = /^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    return parent === undefined ? undefined : Number(parent);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}
