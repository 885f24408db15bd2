/**
 * Makes a folder and what is missing above it.
 *
 * Node's own `recursive` never returns where a file system refuses a name as if the folder
 * above were missing (/proc does): here a folder above that is there ends the attempt.
 * Any number of processes may make the same folder.
 */

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, ProxyfsError } from './error.js';

/** Resolves also when it is there already. Rejects with `request/invalid` where there can be no folder, or `system/*`. */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  try {
    await make(path, mode);
  } catch (cause) {
    throw refusal(path, cause);
  }
}

async function make(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') {
      if (!(await isDirectory(dirname(path)))) await make(dirname(path), mode);
      await mkdirUnlessThere(path, mode);
    } else if (errno !== 'EEXIST' && errno !== 'EROFS' && errno !== 'EACCES') {
      throw error;
    } else if (!(await isDirectory(path))) {
      throw error;
    }
  }
}

async function mkdirUnlessThere(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await isDirectory(path))) throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function refusal(path: string, cause: unknown): ProxyfsError {
  const errno = errnoOf(cause) ?? String(cause);
  const refuse = (code: 'system/permission' | 'system/no-space' | 'system/io' | 'request/invalid', why: string) =>
    new ProxyfsError(code, `the folder ${path} cannot be made: ${why}`, { cause, details: { path } });
  if (errno === 'EACCES' || errno === 'EPERM') return refuse('system/permission', 'ask for access, or name another');
  if (errno === 'EROFS') return refuse('system/permission', 'its disk is read-only; name one elsewhere');
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return refuse('system/no-space', 'its disk is full; free some space');
  if (errno === 'EEXIST' || errno === 'ENOTDIR') return refuse('request/invalid', 'a file is in the way; name another');
  if (errno === 'ENOENT') return refuse('request/invalid', 'nothing can be kept there; name one elsewhere');
  return refuse('system/io', `${errno}; check its disk, or name one elsewhere`);
}
