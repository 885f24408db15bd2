/** The body of the hashing thread: reads a descriptor to its end and posts the BLAKE3 of it. */

import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Blake3Hasher } from '@napi-rs/blake-hash';

export interface HashMessage {
  readonly hash: string;
}

const { fd } = workerData as { readonly fd: number };
const buffer = Buffer.allocUnsafe(1024 * 1024);
const hasher = new Blake3Hasher();
let position = 0;
for (let read = readSync(fd, buffer, 0, buffer.length, position); read > 0; ) {
  hasher.update(buffer.subarray(0, read));
  position += read;
  read = readSync(fd, buffer, 0, buffer.length, position);
}
parentPort?.postMessage({ hash: hasher.digest('hex') } satisfies HashMessage);
