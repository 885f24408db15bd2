/**
 * A master whose storage answers with errors: no fault of the clip. The reason names the drive,
 * is one for all its clips, and is known again after a restart, since such clips are tried again.
 */

import { ProxyfsError } from '../base/error.js';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import { saysFailing } from '../base/storage-errors.js';
import { readFault } from '../fingerprint/read-fault.js';
import { mountOf, placementOf, readMountinfo } from '../scan/mount-points.js';

const ANSWERS = 'answers with errors';

/** Why the master could not be read, when that is why a program or a read failed. */
export async function masterFault(source: RealPath, path: VirtualPath, error: unknown): Promise<string | undefined> {
  const errno = knownErrno(error) ?? (await triedErrno(source, path, error));
  if (errno === undefined) return undefined;
  const drive = mountOf(placementOf(source, await readMountinfo()), path);
  const name = drive === undefined ? 'the storage of its master' : `the drive ${drive.device} at ${drive.point}`;
  return `${name} ${ANSWERS} (${errno})`;
}

export function isMasterFault(reason: string): boolean {
  return reason.includes(` ${ANSWERS} (`);
}

/** Somebody has read the master already, or tried to. */
function knownErrno(error: unknown): string | undefined {
  const isKnown = error instanceof ProxyfsError && error.code === 'source/failing';
  return isKnown ? String(error.details['errno']) : undefined;
}

async function triedErrno(source: RealPath, path: VirtualPath, error: unknown): Promise<string | undefined> {
  return saysFailing(wordsOf(error)) ? await readFault(realPathOf(source, path)) : undefined;
}

function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = error instanceof ProxyfsError ? error.details['lastLines'] : undefined;
  return [message, ...(Array.isArray(lines) ? lines : [])].join('\n');
}
