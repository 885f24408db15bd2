/** Reads a job file, or standard input for `-`: bounded, and with a sentence for what is no file. */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import { LARGEST_DOCUMENT } from './json-document.js';
import type { Violation } from './violation.js';

export type JobText =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Never more than a byte over the largest document is read: the parser then says that it is too large. */
export async function readJobFile(
  path: string,
  stdin: AsyncIterable<Buffer | string>,
  largest = LARGEST_DOCUMENT,
): Promise<JobText> {
  try {
    return { ok: true, bytes: path === '-' ? await readStream(stdin, largest) : await readPath(path, largest) };
  } catch (error) {
    return { ok: false, violations: [{ pointer: '', message: sentence(path, error) }] };
  }
}

class NoFile extends Error {}

async function readPath(path: string, largest: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY);
  try {
    if ((await file.stat()).isDirectory()) throw new NoFile(`'${path}' is a directory: a job is one JSON file`);
    return await readHead(file, largest);
  } finally {
    await file.close();
  }
}

async function readHead(file: FileHandle, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length <= largest) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks);
}

async function readStream(stream: AsyncIterable<Buffer | string>, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > largest) break;
  }
  return Buffer.concat(chunks);
}

function sentence(path: string, error: unknown): string {
  if (error instanceof NoFile) return error.message;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return `there is no job file '${path}'`;
  if (errno === 'EACCES' || errno === 'EPERM') return `the job file '${path}' cannot be read: permission denied`;
  return `the job file '${path}' cannot be read: ${errno}`;
}
