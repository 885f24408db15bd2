/**
 * BLAKE3 of every byte of a file. Hashing is synchronous (about 2 GiB/s), so large files are
 * read and hashed in a worker thread; others in slices, since a thread costs as much as they do.
 */

import { Worker } from 'node:worker_threads';
import { Blake3Hasher } from '@napi-rs/blake-hash';
import type { RealPath } from '../base/paths.js';
import type { HashMessage } from './hash-worker.js';
import { assertUnchanged, type OpenFile, openRegularFile } from './regular-file.js';

const MIB = 1024 * 1024;
const SMALL = 64n * BigInt(MIB);

/** 64 hex digits. Rejects with the signal's reason when aborted, and `system/io` when the file changes meanwhile. */
export async function blake3OfFile(path: RealPath, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  const file = await openRegularFile(path);
  try {
    const hash = file.size <= SMALL ? await inSlices(file, signal) : await inWorker(file, signal);
    await assertUnchanged(path, file);
    return hash;
  } finally {
    await file.handle.close();
  }
}

/** Nobody else waits for longer than a slice takes. */
async function inSlices({ handle }: OpenFile, signal: AbortSignal | undefined): Promise<string> {
  const hasher = new Blake3Hasher();
  const buffer = Buffer.allocUnsafe(MIB);
  let position = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, MIB, position);
    if (bytesRead === 0) return hasher.digest('hex');
    hasher.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** The worker reads through our descriptor, which stays open until it has ended. */
async function inWorker(file: OpenFile, signal: AbortSignal | undefined): Promise<string> {
  const worker = new Worker(new URL('./hash-worker.js', import.meta.url), { workerData: { fd: file.handle.fd } });
  let stop = () => {};
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.once('message', (message: HashMessage) => resolve(message.hash));
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the hashing thread ended with code ${code}`)));
      stop = () => reject(signal?.reason);
      signal?.addEventListener('abort', stop, { once: true });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
