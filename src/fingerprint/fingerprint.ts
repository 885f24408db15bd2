/**
 * Recognises content without reading all of it: BLAKE3 over the size and 1 MiB each of head,
 * middle and tail (the whole file up to 3 MiB). Media files differ in all of these; where
 * certainty is wanted, `blake3OfFile` hashes every byte.
 *
 * Concurrency: reads are asynchronous and sequential per file; whoever calls bounds how many
 * files are read at a time.
 */

import { Blake3Hasher } from '@napi-rs/blake-hash';
import type { Fingerprint } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import { assertUnchanged, changedMeanwhile, type OpenFile, openRegularFile } from './regular-file.js';

const SAMPLE = 1024 * 1024;
/** Keeps fingerprints apart from every other hash of the project, and from later ways to sample. */
const CONTEXT = 'proxyfs fingerprint 1';

/** Throws `system/io` when the file changes under the reader. Does not follow symlinks. */
export async function fingerprintFile(path: RealPath): Promise<Fingerprint> {
  const file = await openRegularFile(path);
  try {
    const hasher = new Blake3Hasher().update(CONTEXT).update(sizeBytes(file.size));
    for (const sample of samplesOf(Number(file.size))) hasher.update(await readExactly(path, file, sample));
    await assertUnchanged(path, file);
    return hasher.digest('hex') as Fingerprint;
  } finally {
    await file.handle.close();
  }
}

interface Sample {
  readonly offset: number;
  readonly length: number;
}

function samplesOf(size: number): readonly Sample[] {
  if (size <= 3 * SAMPLE) return [{ offset: 0, length: size }];
  const middle = Math.floor((size - SAMPLE) / 2);
  return [0, middle, size - SAMPLE].map((offset) => ({ offset, length: SAMPLE }));
}

async function readExactly(path: RealPath, { handle }: OpenFile, { offset, length }: Sample): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) throw changedMeanwhile(path);
    done += bytesRead;
  }
  return buffer;
}

function sizeBytes(size: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(size);
  return bytes;
}

export { blake3OfFile } from './whole-file.js';
