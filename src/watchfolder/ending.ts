/**
 * The two ways in which a claim ends: with a result in `completed/` or `failed/`, or with the
 * spec back in `pending/`.
 *
 * The result is durable in the claim's folder first, then put in place, then the spec is
 * moved beside it. A crash between two of these steps leaves the spec in the claim, and
 * whoever finds it goes on where it stopped (`hasResult`): what was finished stays finished.
 */

import { link, lstat, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../base/atomic-file.js';
import { errnoOf } from '../base/error.js';
import { type Claim, dropClaim, isThere, specOf } from './claim.js';
import { readJournal, resumeFileOf } from './journal.js';
import type { EndFolder, Layout } from './layout.js';
import { makeInvisible, reserveName } from './reservation.js';
import { numbered, resultFileOf, specFileOf, stemOf } from './spec-name.js';

const RESULT_SUFFIX = '.result.json';
/** Only where the storage has no hard links: the result has left the claim, the spec has not. */
const PUBLISHED = 'published';

export interface Ending {
  readonly folder: EndFolder;
  readonly spec: string;
  readonly result: string;
}

/** Writes the result into the claim; from then on the claim can only end with it. */
export async function recordResult(claim: Claim, folder: EndFolder, result: object): Promise<void> {
  await writeFileAtomic(join(claim.folder, `${folder}${RESULT_SUFFIX}`), `${JSON.stringify(result, null, 2)}\n`);
}

/** Where the claim's result belongs; undefined: it has none yet. */
export async function resultFolderOf(claim: Claim): Promise<EndFolder | undefined> {
  const names = await readdir(claim.folder);
  for (const folder of ['completed', 'failed'] as const) {
    if (names.includes(`${folder}${RESULT_SUFFIX}`)) return folder;
  }
  if (!names.includes(PUBLISHED)) return undefined;
  return (await readFile(join(claim.folder, PUBLISHED), 'utf8')) === 'completed' ? 'completed' : 'failed';
}

/** Puts result and spec in place. May be repeated from any point. */
export async function publish(layout: Layout, claim: Claim, folder: EndFolder): Promise<Ending> {
  while (!(await placeResult(layout, claim, folder))) await reserveName(layout, claim);
  await syncDirectory(layout[folder]);
  const spec = join(layout[folder], specFileOf(claim.record.stem));
  if (await isThere(specOf(claim))) await rename(specOf(claim), spec);
  await syncDirectory(layout[folder]);
  await release(layout, claim);
  return { folder, spec, result: join(layout[folder], resultFileOf(claim.record.stem)) };
}

/** The name first: a visible name without a claim would never go. */
export async function release(layout: Layout, claim: Claim): Promise<void> {
  await makeInvisible(layout, claim);
  await dropClaim(layout, claim);
}

/** The spec goes back under the name it came with, unless that is taken by now. Returns the name. */
export async function putBack(layout: Layout, claim: Claim): Promise<string> {
  await keepJournal(layout, claim);
  const { spec, stem } = claim.record;
  // A numbered one goes back under its number: the name itself may be another watcher's to put back.
  const wanted = stem === stemOf(spec) && !spec.includes('/') ? spec : specFileOf(stem);
  let name = wanted;
  for (let n = 2; await isThere(join(layout.pending, name)); n += 1) name = specFileOf(numbered(stem, n));
  await rename(specOf(claim), join(layout.pending, name));
  await syncDirectory(layout.pending);
  await release(layout, claim);
  return name;
}

/** What was finished before the spec was put back is not done again when the same spec is taken again. */
async function keepJournal(layout: Layout, claim: Claim): Promise<void> {
  const journal = await readJournal(claim.folder);
  if (journal.specHash === undefined || journal.finished.size + journal.publishing.size === 0) return;
  const copy = join(claim.folder, 'kept.jsonl');
  await writeFileAtomic(copy, journal.text);
  await rename(copy, join(layout.pending, resumeFileOf(journal.specHash)));
}

/** False: the name is taken by another result. */
async function placeResult(layout: Layout, claim: Claim, folder: EndFolder): Promise<boolean> {
  const from = join(claim.folder, `${folder}${RESULT_SUFFIX}`);
  const to = join(layout[folder], resultFileOf(claim.record.stem));
  if (await wasPlacedByRename(claim, from)) return true;
  if (!layout.hasLinks) return await placeByRename(claim, folder, from, to);
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    const [ours, found] = await Promise.all([lstat(from), lstat(to)]);
    return ours.dev === found.dev && ours.ino === found.ino;
  }
}

async function wasPlacedByRename(claim: Claim, from: string): Promise<boolean> {
  return (await isThere(join(claim.folder, PUBLISHED))) && !(await isThere(from));
}

async function placeByRename(claim: Claim, folder: EndFolder, from: string, to: string): Promise<boolean> {
  if (await isThere(to)) return false;
  await writeFile(join(claim.folder, PUBLISHED), folder);
  await rename(from, to);
  return true;
}
