/**
 * Whether the storage of a file gives it, asked when a program could not read it: programs say
 * `Input/output error` of damaged clips as well. A large file is read at its head, middle and tail.
 */

import type { FileHandle } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { isFailing } from '../base/storage-errors.js';
import { openRegularFile } from './regular-file.js';

const BLOCK = 1 << 20;
const WHOLE = 64 * BLOCK;
const PART = 8 * BLOCK;

/** The errno of the storage; undefined when it gives what was asked for, or the file is gone. */
export async function readFault(file: RealPath): Promise<string | undefined> {
  try {
    const { handle, size } = await openRegularFile(file);
    try {
      for (const [from, to] of rangesOf(Number(size))) await readAll(handle, from, to);
      return undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const errno = errnoOf(error) ?? errnoOf((error as Error).cause);
    return isFailing(errno) ? errno : undefined;
  }
}

function rangesOf(size: number): readonly (readonly [number, number])[] {
  if (size <= WHOLE) return [[0, size]];
  const middle = Math.floor((size - PART) / 2);
  return [
    [0, PART],
    [middle, middle + PART],
    [size - PART, size],
  ];
}

async function readAll(handle: FileHandle, from: number, to: number): Promise<void> {
  const block = Buffer.alloc(BLOCK);
  for (let at = from; at < to; ) {
    const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK, to - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
  }
}
