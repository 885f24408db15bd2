/**
 * BLAKE3 of every byte of a file, read at a pace that leaves the disk to others. For checks
 * that nobody waits for; `blake3OfFile` is the quick one.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Blake3Hasher } from '@napi-rs/blake-hash';
import type { RealPath } from '../base/paths.js';
import { assertUnchanged, openRegularFile } from './regular-file.js';

/** A read at a time; hashing it takes a tenth of a millisecond. */
const CHUNK = 256 * 1024;

/** 64 hex digits. Rejects with the signal's reason when aborted. */
export async function blake3OfFileSlowly(path: RealPath, bytesPerSecond: number, signal: AbortSignal): Promise<string> {
  const file = await openRegularFile(path);
  try {
    const hasher = new Blake3Hasher();
    const buffer = Buffer.allocUnsafe(CHUNK);
    const started = performance.now();
    for (let position = 0; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.handle.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) break;
      hasher.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
      const ahead = (position / bytesPerSecond) * 1000 - (performance.now() - started);
      if (ahead > 1) await sleep(ahead, undefined, { signal });
    }
    await assertUnchanged(path, file);
    return hasher.digest('hex');
  } finally {
    await file.handle.close();
  }
}
