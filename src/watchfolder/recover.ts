/**
 * Finds claims in `running/` whose watcher is gone, and takes them over.
 *
 * A watcher of this machine is asked by process id, start time and boot: what a dead one
 * left is taken over at once, what a living one has is never touched. Of a watcher on another
 * machine, or in another container, only its signs of life are known: its claims are taken
 * over when none came for the lease time. A spec in `running/` that no claim accounts for was
 * put there by a hand, and counts as left behind.
 */

import type { Stats } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import { stateOf } from '../pool/owner.js';
import type { Arrival } from './arrivals.js';
import { type Claim, isThere, specOf, takeOver } from './claim.js';
import { type ClaimName, isDoneFolder, parseClaimName } from './claim-name.js';
import { resultFolderOf } from './ending.js';
import { type Layout, notWritable } from './layout.js';
import { lastSignOf, storageTime } from './leases.js';

export interface LeftBehind {
  readonly claim: Claim;
  /** What its watcher got done before it died. */
  readonly state: 'nothing' | 'result' | 'spec';
  readonly reason: string;
}

export interface RecoverOptions {
  readonly layout: Layout;
  readonly leaseMs: number;
  readonly onTrouble: (name: string, error: unknown) => void;
}

/** Takes over one claim after the other, so that each is resolved before the next is touched. */
export async function* leftBehind(options: RecoverOptions): AsyncGenerator<LeftBehind> {
  const { layout } = options;
  const names = await readdir(layout.running).catch((error: unknown) => {
    throw notWritable(layout.running, error);
  });
  for (const name of names) {
    try {
      if (isDoneFolder(name)) await rm(join(layout.running, name), { recursive: true, force: true, maxRetries: 3 });
      const parsed = parseClaimName(name);
      const reason = parsed === undefined ? undefined : await reasonToTake(options, name, parsed);
      if (parsed === undefined || reason === undefined) continue;
      const claim = await takeOver(layout, name, parsed);
      if (claim !== undefined) yield { claim, state: await stateOfClaim(claim), reason };
    } catch (error) {
      options.onTrouble(name, error);
    }
  }
}

async function reasonToTake(options: RecoverOptions, name: string, { owner }: ClaimName): Promise<string | undefined> {
  const state = stateOf(owner);
  if (state === 'alive') return undefined;
  if (state === 'gone') return `its watcher (process ${owner.pid}) ended without finishing it`;
  const folder = join(options.layout.running, name);
  // Without a sign of life its watcher died before the first one: then the folder's own time counts.
  const last = (await lastSignOf(folder)) ?? (await statsOf(folder))?.mtimeMs;
  if (last === undefined) return undefined;
  const age = (await storageTime(options.layout.running)) - last;
  if (age < options.leaseMs) return undefined;
  return `its watcher on another machine gave no sign of life for ${Math.round(age / 1000)} s`;
}

/** Undefined: it is gone by now. */
async function statsOf(path: string | Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function stateOfClaim(claim: Claim): Promise<LeftBehind['state']> {
  if (!(await isThere(specOf(claim)))) return 'nothing';
  return (await resultFolderOf(claim)) === undefined ? 'spec' : 'result';
}

/** Specs that lie in `running/` themselves. The visible names of claims are links, and are passed over. */
export async function orphansOf(candidates: readonly Arrival[]): Promise<Arrival[]> {
  const orphans: Arrival[] = [];
  for (const candidate of candidates) {
    if ((await statsOf(candidate.path))?.isFile()) orphans.push(candidate);
  }
  return orphans;
}
