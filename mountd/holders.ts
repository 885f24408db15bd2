/**
 * Processes that keep a mount busy without an open file: their working directory is
 * there. Read from /proc; the mount itself is not touched.
 */

import { readdir, readFile, readlink } from 'node:fs/promises';
import { virtualPathBelow } from '../src/base/paths.js';

export interface Holder {
  readonly pid: number;
  readonly process: string;
  readonly directory: string;
}

const NAMED = 5;

export async function findHolders(mountPoint: string): Promise<readonly Holder[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const holders = await Promise.all(pids.map((pid) => holderOf(pid, mountPoint)));
  return holders.filter((holder) => holder !== undefined);
}

export function describeHolders(holders: readonly Holder[]): string {
  const named = holders
    .slice(0, NAMED)
    .map(({ process, pid, directory }) => `${process} (pid ${pid}) works in ${directory}`);
  const rest = holders.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

/** Processes end while they are being looked at, and those of others cannot be looked into. */
async function holderOf(pid: string, mountPoint: string): Promise<Holder | undefined> {
  try {
    const directory = await readlink(`/proc/${pid}/cwd`);
    if (virtualPathBelow(mountPoint, directory) === undefined) return undefined;
    const process = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
    return { pid: Number(pid), process, directory };
  } catch {
    return undefined;
  }
}
