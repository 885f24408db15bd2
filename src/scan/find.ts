/**
 * The first half of a scan: brings the names of the catalog in line with the source tree.
 *
 * Promises: a name is forgotten only when it is gone for certain, not when it was out of
 * sight (an unreadable folder) or was moved past the walk. Concurrency: one at a time per
 * catalog; others are let in between two batches of names, when what was seen is recorded and
 * the next has not been looked at.
 */

import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { errnoOf } from '../base/error.js';
import type { AssetId } from '../base/ids.js';
import { isAtOrBelow, type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import { isFailing } from '../base/storage-errors.js';
import type { Catalog, CatalogName } from '../catalog/catalog.js';
import { isSilent, mountOf, type Placement, placementOf, readMountinfo } from './mount-points.js';
import { isCandidateName } from './names.js';
import { type AbsentVolume, absentVolumes, absentWith, type OfflinePlace, recordVolumes } from './offline.js';
import type { Turn } from './turns.js';
import { type UnreadableEntry, type WalkedFile, walk, walkFolders } from './walk.js';

export interface FindOptions {
  readonly source: RealPath;
  readonly catalog: Catalog;
  readonly hiddenRootNames: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onFound?: ((found: number) => void) | undefined;
  /** Called before a folder is listed. */
  readonly onFolder?: ((folder: VirtualPath) => void) | undefined;
  /** Whether `onFolder` shall hear of all folders of a prefix before any of its files is looked at. */
  readonly wantsFoldersFirst?: ((prefix: VirtualPath) => boolean) | undefined;
  /** Others that are let in while it goes on. */
  readonly turn?: Turn | undefined;
}

/** What was found; lists are filled while the walk goes on. */
export interface Finding {
  readonly seen: Set<VirtualPath>;
  /** Assets that are new, moved, changed or gone. */
  readonly touched: Set<AssetId>;
  /** New, changed or moved files and those not yet described. */
  readonly toExamine: WalkedFile[];
  readonly unreadable: UnreadableEntry[];
  /** Names that may stand for another file than the catalog says: hard links to one that was moved and changed. */
  readonly doubtful: Set<VirtualPath>;
  /** What is kept although it was not seen. */
  readonly offline: Omit<OfflinePlace, 'since'>[];
  readonly skipped: { readonly name: string; readonly reason: string }[];
  forgotten: number;
}

/** Rows of one transaction: the event loop is held for a few milliseconds at most. */
const BATCH = 250;
/** Names that are looked at together before they are forgotten. */
const LOOKED_AT = 64;

/** None of the prefixes lies below another. */
export async function findAssets(prefixes: readonly VirtualPath[], options: FindOptions): Promise<Finding> {
  const finding: Finding = {
    seen: new Set(),
    touched: new Set(),
    toExamine: [],
    unreadable: [],
    doubtful: new Set(),
    offline: [],
    skipped: [],
    forgotten: 0,
  };
  let batch: WalkedFile[] = [];
  const observe = () => {
    observeBatch(batch, finding, options.catalog, places);
    batch = [];
    options.onFound?.(finding.seen.size);
  };
  const { source, hiddenRootNames, onFolder, signal, turn } = options;
  const onRest = async () => {
    if (!turn?.isWanted) return;
    observe();
    await turn.giveWay();
  };
  const mountinfo = await readMountinfo();
  const places = volumesOf(options, mountinfo);
  const walking = { hiddenRootNames, wants: isCandidateName, onFolder, onRest, mountinfo, signal };
  for (const prefix of prefixes) {
    // Storage that tells nothing of changes has no use for watches, and each listing may cost a round trip.
    const isTold = !isSilent(mountOf(places.placement, prefix));
    if (isTold && options.wantsFoldersFirst?.(prefix)) await walkFolders(source, prefix, walking);
    for await (const entry of walk(source, prefix, walking)) {
      if (entry.kind === 'unreadable') finding.unreadable.push(entry);
      else if (entry.kind === 'skipped') finding.skipped.push({ name: entry.name, reason: entry.reason });
      else {
        finding.seen.add(entry.file.path);
        if (batch.push(entry.file) >= BATCH) observe();
      }
    }
  }
  observe();
  // After everything was seen: what has moved from one prefix to another is never without a name.
  for (const prefix of prefixes) await forgetGone(prefix, finding, options, places);
  recordVolumes(options.catalog, places.placement, places.absent);
  return finding;
}

/** The file systems of the source as they are now, and those that are missed. */
interface Volumes {
  readonly placement: Placement;
  readonly absent: readonly AbsentVolume[];
  /** How many known names were seen in the place of each that is missed. */
  readonly familiar: Map<AbsentVolume, number>;
}

function volumesOf({ catalog, source }: FindOptions, mountinfo: string): Volumes {
  const placement = placementOf(source, mountinfo);
  return { placement, absent: absentVolumes(catalog.volumes(), placement), familiar: new Map() };
}

function observeBatch(
  files: readonly WalkedFile[],
  finding: Finding,
  catalog: Catalog,
  { absent, familiar, placement }: Volumes,
): void {
  catalog.observeAll(files).forEach(({ doubtful, id, state, isExamined }, index) => {
    const file = files[index];
    if (file === undefined) return;
    if (state !== 'same') finding.touched.add(id);
    for (const name of doubtful) if (name !== file.path) finding.doubtful.add(name);
    // A new name may mean another verdict: a clip moved into a camera card belongs to the card.
    if ((state !== 'same' && state !== 'back') || !isExamined) finding.toExamine.push(file);
    const volume = state === 'new' ? undefined : absentWith(file.path, absent, placement);
    if (volume !== undefined) familiar.set(volume, (familiar.get(volume) ?? 0) + 1);
  });
}

async function forgetGone(
  prefix: VirtualPath,
  finding: Finding,
  options: FindOptions,
  volumes: Volumes,
): Promise<void> {
  const { catalog, source, signal, turn } = options;
  const unseen = await namesUnseen(prefix, finding, options);
  const isKept = keepOffline(prefix, unseen, finding, catalog, volumes);
  const missing = unseen.filter((name) => !isKept(name) && !isOutOfSight(name.path, finding));
  for (let at = 0; at < missing.length; at += LOOKED_AT) {
    signal?.throwIfAborted();
    // Between this look and the forgetting nobody is let in: a name may come again at any time.
    const batch = missing.slice(at, at + LOOKED_AT);
    const there = await Promise.all(batch.map(({ path }) => isThere(realPathOf(source, path))));
    const gone = batch.filter((_, index) => there[index] === false);
    for (const { id } of gone) finding.touched.add(id);
    finding.forgotten += catalog.forget(gone.map(({ path }) => path));
    await turn?.giveWay();
  }
}

/** Whether a name is missing because its file system is; says so in `finding.offline`. */
function keepOffline(
  prefix: VirtualPath,
  unseen: readonly CatalogName[],
  finding: Finding,
  catalog: Catalog,
  { absent, familiar, placement }: Volumes,
): (name: CatalogName) => boolean {
  const missed = new Map<AbsentVolume, number>();
  const failing = finding.unreadable.filter(({ errno, path }) => isFailing(errno) && isAtOrBelow(path, prefix));
  for (const { path } of unseen) {
    const volume = absentWith(path, absent, placement);
    if (volume !== undefined) missed.set(volume, (missed.get(volume) ?? 0) + 1);
  }
  for (const volume of absent) {
    const names = missed.get(volume) ?? 0;
    if (!isAtOrBelow(volume.path, prefix) && names === 0) continue;
    // Nothing is missed, or most of it is here: what the place holds now is all there is.
    if (names === 0 || names < (familiar.get(volume) ?? 0)) {
      if (isAtOrBelow(volume.path, prefix)) catalog.dropVolume(volume.path);
      missed.delete(volume);
    } else {
      finding.offline.push({
        path: volume.path,
        kind: 'unmounted',
        reason: `nothing is mounted at ${volume.point}`,
        names,
      });
    }
  }
  for (const { path, reason } of failing) {
    const names = unseen.filter((name) => isAtOrBelow(name.path, path)).length;
    if (names > 0)
      finding.offline.push({ path, kind: 'failing', reason: `its storage does not answer: ${reason}`, names });
  }
  return ({ path }) => {
    const volume = absentWith(path, absent, placement);
    return volume !== undefined && missed.has(volume);
  };
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
  // Of a kind that was taken as media once.
  if (!isCandidateName(basename(path))) return false;
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    const errno = errnoOf(error);
    return errno !== 'ENOENT' && errno !== 'ENOTDIR';
  }
}
