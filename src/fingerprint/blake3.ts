/** BLAKE3 of small things, as 64 hex digits. */

import { blake3 } from '@napi-rs/blake-hash';

/** The hash of the parts, each preceded by its length: no two lists of parts hash alike. */
export function blake3OfParts(parts: readonly (string | Uint8Array)[]): string {
  // One call: each one across the border to native code costs more than the hash of a few hundred bytes.
  const chunks = parts.flatMap((part) => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return [length, bytes];
  });
  return blake3(Buffer.concat(chunks)).toString('hex');
}
