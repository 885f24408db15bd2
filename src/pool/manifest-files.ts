/** Finding manifests on disk, one by key or all of them. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { Manifest } from './manifest.js';
import { decodeManifest, type ManifestResult } from './manifest-codec.js';

export type FoundManifest = ManifestResult | { readonly kind: 'missing' };

const MANIFEST_NAME = /^([0-9a-f]{64})\.json$/;
/** Small files read at the same time; more does not help the thread pool. */
const BATCH = 16;

/** The manifest of a key, when its file is there with the size it states. */
export async function readManifest(shard: RealPath, key: PoolKey): Promise<FoundManifest> {
  const text = await unlessMissing(readFile(join(shard, `${key}.json`), 'utf8'));
  if (text === undefined) return { kind: 'missing' };
  const decoded = decodeManifest(text, key);
  if (decoded.kind === 'damaged') return decoded;
  const { output } = decoded.manifest;
  const file = await unlessMissing(stat(join(shard, `${key}${output.extension}`)));
  if (file === undefined) return { kind: 'damaged', reason: 'its file is not there' };
  if (file.size === output.size) return decoded;
  return { kind: 'damaged', reason: `its file has ${file.size} bytes instead of ${output.size}` };
}

/** By the names of their manifests alone. */
export async function listKeys(objects: RealPath): Promise<ReadonlySet<PoolKey>> {
  const keys = new Set<PoolKey>();
  for (const name of await readdir(objects)) {
    for (const key of keysIn(await readdir(join(objects, name)))) keys.add(key);
  }
  return keys;
}

/** All published manifests, shard by shard; what is removed meanwhile is left out silently. */
export async function* readManifests(
  objects: RealPath,
  onDamaged: (path: RealPath, reason: string) => void,
): AsyncIterable<Manifest> {
  for (const name of (await readdir(objects)).sort()) {
    const shard = join(objects, name) as RealPath;
    const keys = keysIn(await readdir(shard));
    for (let start = 0; start < keys.length; start += BATCH) {
      const batch = keys.slice(start, start + BATCH);
      const found = await Promise.all(batch.map((key) => readManifest(shard, key)));
      for (const [index, result] of found.entries()) {
        if (result.kind === 'manifest') yield result.manifest;
        if (result.kind === 'damaged') onDamaged(join(shard, `${batch[index]}.json`) as RealPath, result.reason);
      }
    }
  }
}

function keysIn(names: readonly string[]): PoolKey[] {
  return names.flatMap((file) => MANIFEST_NAME.exec(file)?.[1] ?? []) as PoolKey[];
}

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
