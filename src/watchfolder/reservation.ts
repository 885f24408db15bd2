/**
 * The name under which a spec is seen in `running/` and under which it will end.
 *
 * The visible name is a symbolic link to the spec in its claim's folder. Making one is
 * exclusive, so as long as it is there nobody else ends under that name, in either folder.
 * A name that has a spec or a result in `completed/` or `failed/` is never given again.
 * Where the storage has no symbolic links, names are only kept apart by the results.
 */

import { readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import { type Claim, isThere, writeRecord } from './claim.js';
import { isLinkOf, linkTextOf } from './claim-name.js';
import type { Layout } from './layout.js';
import { numbered, resultFileOf, specFileOf, stemOf } from './spec-name.js';

/** Gives the claim the first free name from `NAME` on; the one it has already stays when it can. */
export async function reserveName(layout: Layout, claim: Claim): Promise<void> {
  const stem = stemOf(claim.record.spec);
  for (let n = 0; ; n += 1) {
    const candidate = n === 0 ? claim.record.stem : numbered(stem, n);
    if (!(await isFree(layout, candidate))) continue;
    await setStem(layout, claim, candidate);
    if (!(await makeVisible(layout, claim))) continue;
    // Its last owner may have ended between the look and the link.
    if (await isFree(layout, candidate)) return;
    await makeInvisible(layout, claim);
  }
}

/** Whether the name could be taken. */
async function makeVisible(layout: Layout, claim: Claim): Promise<boolean> {
  const { id, record } = claim;
  const path = visiblePath(layout, record.stem);
  try {
    await symlink(linkTextOf(id), path);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errno)) return true;
    if (errno !== 'EEXIST') throw error;
  }
  const text = await linkText(path);
  // Its owner has ended in this moment: once more.
  if (text === undefined && !(await isThere(path))) return await makeVisible(layout, claim);
  if (text === undefined || !isLinkOf(text, id)) return false;
  // Made by a former owner of this claim: it points to a folder that has another name now.
  await rm(path, { force: true });
  return await makeVisible(layout, claim);
}

export async function makeInvisible(layout: Layout, { id, record }: Claim): Promise<void> {
  const path = visiblePath(layout, record.stem);
  const text = await linkText(path);
  if (text !== undefined && isLinkOf(text, id)) await rm(path, { force: true });
}

async function isFree(layout: Layout, stem: string): Promise<boolean> {
  for (const folder of [layout.completed, layout.failed]) {
    for (const name of [resultFileOf(stem), specFileOf(stem)]) {
      if (await isThere(join(folder, name))) return false;
    }
  }
  return true;
}

async function setStem(layout: Layout, claim: Claim, stem: string): Promise<void> {
  if (claim.record.stem === stem) return;
  await makeInvisible(layout, claim);
  claim.record = { ...claim.record, stem };
  await writeRecord(claim);
}

const visiblePath = (layout: Layout, stem: string): string => join(layout.running, specFileOf(stem));

/** Undefined: there is nothing, or it is no link. */
async function linkText(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (['ENOENT', 'EINVAL'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
