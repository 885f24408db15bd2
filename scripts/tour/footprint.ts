/** Every file of a folder with size, times and inode, to prove that nobody touched it. */

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export type Footprint = ReadonlyMap<string, string>;

export async function footprintOf(folder: string): Promise<Footprint> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeNs, ctimeNs, ino, mode } = await lstat(path, { bigint: true });
    found.set(path, [size, mtimeNs, ctimeNs, ino, mode].join(' '));
  }
  return found;
}

/** Paths that appeared, went or changed. */
export function differences(before: Footprint, after: Footprint): readonly string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((path) => before.get(path) !== after.get(path)).sort();
}
