/**
 * The first half of a scan: brings the names of the catalog in line with the source tree.
 *
 * Promises: a name is forgotten only when it is gone for certain, not when it was out of
 * sight (an unreadable folder) or was moved past the walk. Concurrency: one at a time per
 * catalog, since forgetting needs a complete view of its prefix.
 */

import { lstat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { errnoOf } from '../base/error.js';
import type { AssetId } from '../base/ids.js';
import { isAtOrBelow, type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { Catalog, CatalogName } from '../catalog/catalog.js';
import { isCandidateName } from './names.js';
import { readMountinfo, type WalkedFile, walk } from './walk.js';

export interface FindOptions {
  readonly source: RealPath;
  readonly catalog: Catalog;
  readonly hiddenRootNames: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onFound?: ((found: number) => void) | undefined;
  /** Called before a folder is listed. */
  readonly onFolder?: ((folder: VirtualPath) => void) | undefined;
}

/** What was found; lists are filled while the walk goes on. */
export interface Finding {
  readonly seen: Set<VirtualPath>;
  /** Assets that are new, moved, changed or gone. */
  readonly touched: Set<AssetId>;
  /** New, changed or moved files and those not yet described. */
  readonly toExamine: WalkedFile[];
  readonly unreadable: { readonly path: VirtualPath; readonly reason: string }[];
  readonly skipped: { readonly name: string; readonly reason: string }[];
  forgotten: number;
}

/** Rows of one transaction: the event loop is held for a few milliseconds at most. */
const BATCH = 250;

/** None of the prefixes lies below another. */
export async function findAssets(prefixes: readonly VirtualPath[], options: FindOptions): Promise<Finding> {
  const finding: Finding = {
    seen: new Set(),
    touched: new Set(),
    toExamine: [],
    unreadable: [],
    skipped: [],
    forgotten: 0,
  };
  let batch: WalkedFile[] = [];
  const observe = () => {
    observeBatch(batch, finding, options.catalog);
    batch = [];
    options.onFound?.(finding.seen.size);
  };
  const { source, hiddenRootNames, onFolder, signal } = options;
  const mountinfo = await readMountinfo();
  const walking = { hiddenRootNames, wants: isCandidateName, onFolder, mountinfo, signal };
  for (const prefix of prefixes) {
    for await (const entry of walk(source, prefix, walking)) {
      if (entry.kind === 'unreadable') finding.unreadable.push({ path: entry.path, reason: entry.reason });
      else if (entry.kind === 'skipped') finding.skipped.push({ name: entry.name, reason: entry.reason });
      else {
        finding.seen.add(entry.file.path);
        if (batch.push(entry.file) >= BATCH) observe();
      }
    }
  }
  observe();
  // After everything was seen: what has moved from one prefix to another is never without a name.
  for (const prefix of prefixes) await forgetGone(prefix, finding, options);
  return finding;
}

function observeBatch(files: readonly WalkedFile[], finding: Finding, catalog: Catalog): void {
  catalog.observeAll(files).forEach(({ id, state, isExamined }, index) => {
    const file = files[index];
    if (file === undefined) return;
    if (state !== 'same') finding.touched.add(id);
    // A new name may mean another verdict: a clip moved into a camera card belongs to the card.
    if (state !== 'same' || !isExamined) finding.toExamine.push(file);
  });
}

async function forgetGone(prefix: VirtualPath, finding: Finding, options: FindOptions): Promise<void> {
  const { catalog, source, signal } = options;
  const gone: VirtualPath[] = [];
  const unseen = await namesUnseen(prefix, finding, options);
  for (const { id, path } of unseen) {
    signal?.throwIfAborted();
    if (isOutOfSight(path, finding) || (await isThere(realPathOf(source, path)))) continue;
    gone.push(path);
    finding.touched.add(id);
  }
  finding.forgotten += catalog.forget(gone);
}

/** Page by page, so that whoever else has work for this thread gets at it in between. */
async function namesUnseen(prefix: VirtualPath, { seen }: Finding, { catalog, signal }: FindOptions) {
  const unseen: CatalogName[] = [];
  for (let page = catalog.names(prefix); page.length > 0; page = catalog.names(prefix, page.at(-1)?.path)) {
    unseen.push(...page.filter(({ path }) => !seen.has(path)));
    await setImmediate(undefined, { signal });
  }
  return unseen;
}

const isOutOfSight = (path: VirtualPath, finding: Finding): boolean =>
  finding.unreadable.some((place) => isAtOrBelow(path, place.path));

/** A failure other than absence proves nothing: the name stays. */
async function isThere(path: RealPath): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    const errno = errnoOf(error);
    return errno !== 'ENOENT' && errno !== 'ENOTDIR';
  }
}
