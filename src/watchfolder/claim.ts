/**
 * Taking a spec, so that it has exactly one owner at any time.
 *
 * The one step that decides is the rename of the spec itself into a folder that nobody else
 * has: of two watchers, on one machine or on two, one finds it gone. The same holds for
 * taking over what a dead watcher left: the rename of its folder. What is written before and
 * after that step only has to be resolvable, not exclusive. Lock order: none is held.
 */

import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { syncDirectory, writeFileAtomic } from '../base/atomic-file.js';
import { errnoOf } from '../base/error.js';
import type { Arrival } from './arrivals.js';
import { type ClaimName, doneFolderOf, newClaimId, ownFolderOf, SPEC } from './claim-name.js';
import type { Layout } from './layout.js';
import { stemOf } from './spec-name.js';

const recordSchema = z.object({
  version: z.literal(1),
  /** The name in `pending`. */
  spec: z.string(),
  /** NAME of `NAME.json` and `NAME.result.json`. */
  stem: z.string(),
  host: z.string(),
  pid: z.number(),
  claimedAt: z.string(),
});
export type ClaimRecord = z.infer<typeof recordSchema>;

export interface Claim {
  readonly id: string;
  readonly folder: string;
  record: ClaimRecord;
}

export const RECORD = 'claim.json';
export const LEASE = 'lease';
export const specOf = (claim: Claim): string => join(claim.folder, SPEC);

/** Undefined: somebody else was faster, or the spec was removed. Rejects when nothing can be taken here. */
export async function takeSpec(layout: Layout, arrival: Arrival, now: number): Promise<Claim | undefined> {
  if (!(await isThere(arrival.path))) return undefined;
  const id = newClaimId();
  const folder = join(layout.running, ownFolderOf(id));
  const record = newRecord(arrival.name, now);
  await mkdir(folder);
  const claim = { id, folder, record };
  try {
    await writeRecord(claim);
    await renew(folder);
    await rename(arrival.path, specOf(claim));
  } catch (error) {
    // A server that answers a repeated request may report as gone what the first one has moved.
    const isOurs = await isThere(specOf(claim));
    if (!isOurs) await rm(folder, { recursive: true, force: true });
    if (!isOurs && errnoOf(error) === 'ENOENT') return undefined;
    if (!isOurs) throw error;
  }
  await syncDirectory(folder);
  await syncDirectory(layout.running);
  return claim;
}

/** Takes over what a dead watcher left. Undefined: somebody else was faster. */
export async function takeOver(layout: Layout, name: string, { id }: ClaimName): Promise<Claim | undefined> {
  const folder = join(layout.running, ownFolderOf(id));
  try {
    // Before the rename: to a watcher on a third machine the claim must not look expired under our name.
    await renew(join(layout.running, name));
    await rename(join(layout.running, name), folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  await syncDirectory(layout.running);
  return { id, folder, record: (await readRecord(folder)) ?? newRecord(`${id}.json`, 0) };
}

/** Nothing of the claim is left; the spec has been moved out of it before. */
export async function dropClaim(layout: Layout, claim: Claim): Promise<void> {
  const done = join(layout.running, doneFolderOf(claim.id));
  await rename(claim.folder, done);
  // Every watcher removes such folders, so another one may be at it: what stays now goes with the next look.
  await rm(done, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

export async function writeRecord({ folder, record }: Claim): Promise<void> {
  await writeFileAtomic(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
}

/** A sign of life; its time is the storage's. Rejects with ENOENT when the claim is no longer there. */
export async function renew(folder: string): Promise<void> {
  const lease = await open(join(folder, LEASE), 'w');
  try {
    await lease.writeFile(`${Date.now()}\n`);
  } finally {
    await lease.close();
  }
}

function newRecord(spec: string, now: number): ClaimRecord {
  const claimedAt = new Date(now).toISOString();
  return { version: 1, spec, stem: stemOf(spec), host: hostname(), pid: process.pid, claimedAt };
}

/** Undefined: its watcher died before it took anything, or the file is damaged. */
async function readRecord(folder: string): Promise<ClaimRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(folder, RECORD), 'utf8')));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

export async function isThere(path: string | Buffer): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
