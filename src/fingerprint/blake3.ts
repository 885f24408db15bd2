/** BLAKE3 of small things, as 64 hex digits. */

import { Blake3Hasher } from '@napi-rs/blake-hash';

/** The hash of the parts, each preceded by its length: no two lists of parts hash alike. */
export function blake3OfParts(parts: readonly (string | Uint8Array)[]): string {
  const hasher = new Blake3Hasher();
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    hasher.update(length).update(bytes);
  }
  return hasher.digest('hex');
}
