/**
 * Looks through the mount at what was changed: a sample of files must have the size,
 * the head and the tail of the variant they are to serve.
 */

import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { MasterGuard } from '../mount/driver.js';
import type { ViewChange } from '../view/diff.js';
import { sameGuard } from '../view/resolve.js';
import type { ViewEntry } from '../view/view.js';
import { onOwnMount } from './own-mount.js';

/** What is to be found at a path. */
export interface Expected {
  readonly path: VirtualPath;
  readonly entry: ViewEntry;
}

export interface Mismatch {
  readonly path: VirtualPath;
  readonly reason: string;
}

export interface VerifyRoots {
  readonly source: RealPath;
  readonly mountPoint: RealPath;
}

export const SAMPLE_SIZE = 16;
const WINDOW = 64 * 1024;
const TIMEOUT_MS = 10_000;

/** Evenly spread, first and last included: neighbours on disk tend to fail together. */
export function sampleOf<T>(items: readonly T[], size = SAMPLE_SIZE): readonly T[] {
  if (items.length <= size) return items;
  const step = (items.length - 1) / (size - 1);
  return Array.from({ length: size }, (_, index) => items[Math.round(index * step)] as T);
}

export async function verify(sample: readonly Expected[], roots: VerifyRoots): Promise<readonly Mismatch[]> {
  const check = async ({ path, entry }: Expected): Promise<Mismatch | undefined> => {
    const reason = await whyDifferent(path, entry, roots);
    return reason === undefined ? undefined : { path, reason };
  };
  const mismatches = await onOwnMount(sample, check, { timeoutMs: TIMEOUT_MS });
  return mismatches.filter((mismatch) => mismatch !== undefined);
}

/** Whose proxy somebody took out of the pool: all that are, when a sample has one, since such things come in groups. */
export async function goneProxies(changes: readonly ViewChange[]): Promise<readonly ViewEntry[]> {
  const inSample = await filterGone(sampleOf(changes));
  return inSample.length === 0 ? [] : await filterGone(changes);
}

async function filterGone(changes: readonly ViewChange[]): Promise<readonly ViewEntry[]> {
  const gone: ViewEntry[] = [];
  for (const { to } of changes) {
    if (to?.swap.kind === 'replace' && (await isGone(to.swap.replacement))) gone.push(to);
  }
  return gone;
}

async function isGone(file: RealPath): Promise<boolean> {
  return await access(file).then(
    () => false,
    (error: unknown) => errnoOf(error) === 'ENOENT',
  );
}

async function whyDifferent(path: VirtualPath, entry: ViewEntry, roots: VerifyRoots): Promise<string | undefined> {
  const master = realPathOf(roots.source, path);
  const guard = await guardOf(master);
  // Gone from the source meanwhile: there is nothing left that could be served wrongly.
  if (guard === undefined) return undefined;
  const seen = join(roots.mountPoint, path);
  if (entry.swap.kind === 'deny') return await whyNotDenied(seen);
  const isReplaced = entry.swap.kind === 'replace' && sameGuard(entry.swap.guard, guard);
  const expected = isReplaced && entry.swap.kind === 'replace' ? entry.swap.replacement : master;
  return await compareEnds(seen, expected);
}

async function guardOf(master: RealPath): Promise<MasterGuard | undefined> {
  try {
    const { size, mtimeNs } = await stat(master, { bigint: true });
    return { size, mtimeNs };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function whyNotDenied(seen: string): Promise<string | undefined> {
  try {
    const file = await open(seen, 'r');
    await file.close();
    return 'it can be opened, though reading it is denied';
  } catch (error) {
    return errnoOf(error) === 'EIO' ? undefined : `opening it fails with ${errnoOf(error) ?? String(error)}`;
  }
}

async function compareEnds(seenPath: string, expectedPath: string): Promise<string | undefined> {
  const files: FileHandle[] = [];
  try {
    const expected = await open(expectedPath, 'r');
    files.push(expected);
    const seen = await open(seenPath, 'r');
    files.push(seen);
    return await compareFiles(seen, expected);
  } catch (error) {
    return `reading it fails: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

async function compareFiles(seen: FileHandle, expected: FileHandle): Promise<string | undefined> {
  const size = (await expected.stat()).size;
  const seenSize = (await seen.stat()).size;
  if (seenSize !== size) return `it has ${seenSize} bytes instead of ${size}`;
  for (const offset of new Set([0, Math.max(0, size - WINDOW)])) {
    const [a, b] = [await readAt(seen, offset), await readAt(expected, offset)];
    if (!a.equals(b)) return `its content differs at offset ${offset}`;
  }
  return undefined;
}

async function readAt(file: FileHandle, offset: number): Promise<Buffer> {
  const buffer = Buffer.alloc(WINDOW);
  let filled = 0;
  while (filled < WINDOW) {
    const { bytesRead } = await file.read(buffer, filled, WINDOW - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
