/**
 * Whether what lies at the source's place is what was there: asked when its drive was taken away
 * and something has been mounted there since. Inode numbers do not tell: some file systems deal
 * them anew at each mount.
 */

import { lstat } from 'node:fs/promises';
import { type RealPath, ROOT, realPathOf, type VirtualPath } from '../src/base/paths.js';
import type { Catalog } from '../src/catalog/catalog.js';
import { sameGuard } from '../src/view/resolve.js';

/** Clips that are looked at. */
const SAMPLE = 64;

/** True when most of the clips that are known are there, of their size and date. */
export async function isSameSource(catalog: Catalog, source: RealPath): Promise<boolean> {
  const names = catalog.names(ROOT);
  const step = Math.max(1, Math.floor(names.length / SAMPLE));
  const sample = names.filter((_, index) => index % step === 0).map(({ path }) => path);
  const found = await Promise.all(sample.map((path) => isThere(catalog, source, path)));
  return found.filter((isSame) => isSame).length * 2 > sample.length;
}

async function isThere(catalog: Catalog, source: RealPath, path: VirtualPath): Promise<boolean> {
  const known = catalog.byPath(path)?.master;
  return await lstat(realPathOf(source, path), { bigint: true }).then(
    (stat) => known !== undefined && stat.isFile() && sameGuard(known, stat),
    () => false,
  );
}
