/**
 * Reads a spec that anybody may have put there: bounded in size, never through a link, and never
 * from something that is no file. What the bytes say is for the parser of job specs.
 */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, ProxyfsError } from '../base/error.js';

/** The parser of job specs takes no more either. */
export const MAX_SPEC_BYTES = 8 * 1024 * 1024;

// O_NONBLOCK: opening a FIFO would otherwise wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Rejects with `request/invalid` or `system/*` and a sentence about `it`. */
export async function readSpec(path: string | Buffer): Promise<Buffer> {
  const file = await open(path, FLAGS).catch((cause: unknown) => {
    throw cannotOpen(cause);
  });
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw refused('it is a folder: put the file itself into pending');
    if (!stats.isFile()) throw refused('it is a device, a socket or a pipe: put a regular file into pending');
    if (stats.size > MAX_SPEC_BYTES) throw tooLarge(stats.size);
    return await readUpTo(file, stats.size);
  } catch (cause) {
    if (cause instanceof ProxyfsError) throw cause;
    throw new ProxyfsError('system/io', `it cannot be read (${errnoOf(cause) ?? String(cause)}): check its disk`, {
      cause,
    });
  } finally {
    await file.close();
  }
}

/** Whether it is empty or no whole JSON document: its writer may still be at it. What cannot be read is finished. */
export async function looksUnfinished(path: Buffer): Promise<boolean> {
  try {
    JSON.parse((await readSpec(path)).toString('utf8').replace(/^\ufeff/, ''));
    return false;
  } catch (error) {
    return error instanceof SyntaxError;
  }
}

/** What is appended after `size` is not read: the limit must hold for it as well. */
async function readUpTo(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function cannotOpen(cause: unknown): ProxyfsError {
  const errno = errnoOf(cause);
  if (errno === 'ELOOP')
    return refused('it is a symbolic link, which is never followed: put the file itself into pending');
  if (errno === 'ENXIO') return refused('it is a device, a socket or a pipe: put a regular file into pending');
  if (errno === 'EACCES' || errno === 'EPERM')
    return new ProxyfsError('system/permission', 'it cannot be read by this user: make it readable', { cause });
  return new ProxyfsError('system/io', `it cannot be opened (${errno ?? String(cause)}): check its disk`, { cause });
}

const tooLarge = (size: number): ProxyfsError =>
  refused(`it has ${size} bytes, and a job spec has at most ${MAX_SPEC_BYTES}: split the job`);

const refused = (message: string): ProxyfsError => new ProxyfsError('request/invalid', message);
