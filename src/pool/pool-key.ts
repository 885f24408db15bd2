/** The name of a proxy in the pool: the same input, recipe and encoder give the same name anywhere. */

import type { Fingerprint, PoolKey, RecipeHash } from '../base/ids.js';
import { blake3OfParts } from '../fingerprint/blake3.js';

/** `ffmpegBuild` is FFmpeg's version line with its configuration, or a hash of both. */
export function poolKeyOf(fingerprint: Fingerprint, recipeHash: RecipeHash, ffmpegBuild: string): PoolKey {
  return blake3OfParts(['proxyfs pool key 1', fingerprint, recipeHash, bytesOf(ffmpegBuild)]) as PoolKey;
}

let last = { text: '', bytes: Buffer.alloc(0) };

/** A daemon has one FFmpeg, whose configuration is two thousand letters: they are encoded once. */
function bytesOf(text: string): Buffer {
  if (last.text !== text) last = { text, bytes: Buffer.from(text) };
  return last.bytes;
}
