/** Opening a media file to read it: never through a symlink, and never something that is no file. */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, ProxyfsError, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';

// O_NONBLOCK: opening a FIFO would otherwise wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface OpenFile {
  readonly handle: FileHandle;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** The caller closes the handle. */
export async function openRegularFile(path: RealPath): Promise<OpenFile> {
  const handle = await open(path, FLAGS).catch((error: unknown) => {
    throw errnoOf(error) === 'ELOOP' ? notAFile(path, 'a symbolic link') : toProxyfsError(error);
  });
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) throw notAFile(path, stat.isDirectory() ? 'a directory' : 'a device, a socket or a pipe');
    return { handle, size: stat.size, mtimeNs: stat.mtimeNs };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws when the file is not what it was when it was opened. */
export async function assertUnchanged(path: RealPath, { handle, size, mtimeNs }: OpenFile): Promise<void> {
  const now = await handle.stat({ bigint: true });
  if (now.size === size && now.mtimeNs === mtimeNs) return;
  throw changedMeanwhile(path);
}

export function changedMeanwhile(path: RealPath): ProxyfsError {
  return new ProxyfsError('system/io', `'${path}' changed while it was read: try again when nobody writes to it`);
}

function notAFile(path: RealPath, what: string): ProxyfsError {
  return new ProxyfsError('request/invalid', `'${path}' is ${what}, not a regular file: name the file itself`);
}
