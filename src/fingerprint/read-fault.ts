/**
 * Whether the storage of a file gives it, asked when a program could not read it: programs say
 * `Input/output error` of damaged clips as well. A large file is read at its head, middle and tail,
 * unless all of it is asked for.
 */

import type { FileHandle } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { isFailing } from '../base/storage-errors.js';
import { openRegularFile } from './regular-file.js';

const BLOCK = 1 << 20;
const WHOLE = 64 * BLOCK;
const PART = 8 * BLOCK;

export interface ReadFaultOptions {
  /** To its end, however large it is (default false). */
  readonly all?: boolean | undefined;
  /** Its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** The errno of the storage; undefined when it gives what was asked for, or the file is gone. */
export async function readFault(file: RealPath, options: ReadFaultOptions = {}): Promise<string | undefined> {
  const { all = false, signal } = options;
  try {
    const { handle, size } = await openRegularFile(file);
    try {
      for (const [from, to] of rangesOf(Number(size), all)) await readAll(handle, from, to, signal);
      return undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    const errno = errnoOf(error) ?? errnoOf((error as Error).cause);
    return isFailing(errno) ? errno : undefined;
  }
}

function rangesOf(size: number, all: boolean): readonly (readonly [number, number])[] {
  if (all || size <= WHOLE) return [[0, size]];
  const middle = Math.floor((size - PART) / 2);
  return [
    [0, PART],
    [middle, middle + PART],
    [size - PART, size],
  ];
}

async function readAll(handle: FileHandle, from: number, to: number, signal: AbortSignal | undefined): Promise<void> {
  const block = Buffer.alloc(BLOCK);
  for (let at = from; at < to; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(block, 0, Math.min(BLOCK, to - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
  }
}
