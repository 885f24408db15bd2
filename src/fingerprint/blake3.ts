/** BLAKE3 of small things, as 64 hex digits. */

import { Blake3Hasher } from '@napi-rs/blake-hash';

/** One for all: a hash in a buffer of its own is dear to the garbage collector, when there are hundred thousands. */
const hasher = new Blake3Hasher();

export function blake3Of(bytes: string | Buffer): string {
  hasher.reset();
  return hasher.update(bytes).digest('hex');
}

/** The hash of the parts, each preceded by its length: no two lists of parts hash alike. */
export function blake3OfParts(parts: readonly (string | Uint8Array)[]): string {
  const lengths = parts.map((part) => (typeof part === 'string' ? Buffer.byteLength(part) : part.length));
  // One call: each one across the border to native code costs more than the hash of a few hundred bytes.
  const all = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, 0));
  let at = 0;
  for (const [index, part] of parts.entries()) {
    at = all.writeBigUInt64LE(BigInt(lengths[index] ?? 0), at);
    if (typeof part === 'string') at += all.write(part, at);
    else {
      all.set(part, at);
      at += part.length;
    }
  }
  return blake3Of(all);
}

const LENGTH_BYTES = 8;
