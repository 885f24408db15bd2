/** Manifests as JSON text and back. Byte counts and times of 64 bits are decimal strings. */

import { z } from 'zod';
import type { Fingerprint, PoolKey, RecipeHash } from '../base/ids.js';
import { MANIFEST_VERSION, type Manifest } from './manifest.js';

export function encodeManifest(manifest: Manifest): string {
  const text = JSON.stringify(
    manifest,
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    2,
  );
  return `${text}\n`;
}

export type ManifestResult =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'damaged'; readonly reason: string };

/** `expectedKey` is the key in the file's name: a manifest under another name is not that proxy's. */
export function decodeManifest(text: string, expectedKey: PoolKey): ManifestResult {
  const parsed = manifestSchema.safeParse(jsonOf(text));
  if (!parsed.success) return { kind: 'damaged', reason: z.prettifyError(parsed.error) };
  if (parsed.data.poolKey !== expectedKey) {
    return { kind: 'damaged', reason: `it is the manifest of another proxy (${parsed.data.poolKey})` };
  }
  return { kind: 'manifest', manifest: parsed.data };
}

/** undefined for what is no JSON: the schema then says what it expected instead. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const HEX_64 = /^[0-9a-f]{64}$/;

function hash<T extends string>() {
  return z
    .string()
    .regex(HEX_64)
    .transform((text) => text as T);
}

const integer = z
  .string()
  .regex(/^-?\d{1,20}$/)
  .transform(BigInt);

const natural = z.number().int().positive();

const manifestSchema = z.object({
  version: z.literal(MANIFEST_VERSION),
  poolKey: hash<PoolKey>(),
  master: z.object({
    fingerprint: hash<Fingerprint>(),
    guard: z.object({ size: integer, mtimeNs: integer }),
    path: z.string(),
  }),
  profile: z.string().min(1),
  recipeHash: hash<RecipeHash>(),
  command: z.array(z.string()),
  ffmpeg: z.string(),
  output: z.object({
    size: z.number().int().nonnegative(),
    blake3: hash<string>(),
    extension: z.string().regex(/^\.[^/.\0]+$/),
  }),
  pictures: z
    .object({
      poster: z.object({ width: natural, height: natural }),
      sprite: z.object({
        ...{ width: natural, height: natural, tileWidth: natural, tileHeight: natural },
        ...{ columns: natural, rows: natural, count: natural, everyFrames: natural },
      }),
    })
    .optional(),
  segments: z.object({ key: z.string(), frames: natural, sources: z.array(hash<string>()) }).optional(),
  startedAt: z.string(),
  finishedAt: z.string(),
  madeBy: z.string(),
  validation: z.object({
    ok: z.boolean(),
    checks: z.array(z.object({ field: z.string(), expected: z.string(), found: z.string(), ok: z.boolean() })),
  }),
});
