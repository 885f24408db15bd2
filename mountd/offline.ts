/**
 * What clients hear of paths that are offline: the catalog still knows them, the source does
 * not show them now.
 */

import { ROOT, type VirtualPath } from '../src/base/paths.js';
import type { Result, ServedPath } from '../src/control/schema.js';
import type { OfflinePlace } from '../src/scan/offline.js';
import type { Daemon } from './daemon.js';

/** As `status` shows it. */
export function followState({ production }: Daemon): Result<'status'>['follow'] {
  const { folders, problem, rescanMs, offline } = production.following();
  return {
    folders,
    note: problem ?? null,
    rescanSeconds: Math.round(rescanMs / 1000),
    offline: offline.map(({ path, reason, names, since }) => ({ path, reason, names, since })),
  };
}

export function whyOffline({ path, reason }: OfflinePlace): string {
  return `'${path || '/'}' is offline: ${reason}; what is known of it is kept, and its proxies are served again when it is back`;
}

/** A name that is kept while its storage is away; undefined for any other. */
export function offlineAt(daemon: Daemon, path: VirtualPath): ServedPath | undefined {
  const place = daemon.production.offlineAt(path);
  const asset = place && daemon.files.catalog.byPath(path);
  if (place === undefined || asset === undefined) return undefined;
  const profile = daemon.profileOf(asset.paths);
  const variant = daemon.files.catalog.variantsOf(asset.id).find((row) => row.profile === profile);
  const size = Number(asset.master.size);
  return {
    path,
    kind: 'media',
    variant: 'master',
    denied: false,
    reason: whyOffline(place),
    state: 'offline',
    profile: variant?.profile ?? null,
    size,
    masterSize: size,
    proxySize: variant?.size ?? null,
    pinnedBy: daemon.cache.pins.holding(path) ?? null,
  };
}

/** What lies in a folder as far as it is offline; undefined when nothing at or below it is. */
export function offlineIn(daemon: Daemon, folder: VirtualPath): readonly ServedPath[] | undefined {
  const { catalog } = daemon.files;
  const place = daemon.production.offlineAt(folder);
  if (place === undefined) return undefined;
  const [entries, folders] = [new Map<string, ServedPath>(), new Set<string>()];
  const start = folder === ROOT ? 0 : folder.length + 1;
  for (let page = catalog.names(folder); page.length > 0; page = catalog.names(folder, page.at(-1)?.path)) {
    for (const { path } of page) {
      const end = path.indexOf('/', start);
      if (end >= 0) folders.add(path.slice(0, end));
      else if (path !== folder) addTo(entries, path, offlineAt(daemon, path));
    }
  }
  for (const path of folders) entries.set(path, folderAt(path as VirtualPath, place));
  return [...entries.values()];
}

function addTo(entries: Map<string, ServedPath>, path: VirtualPath, entry: ServedPath | undefined): void {
  if (entry !== undefined) entries.set(path, entry);
}

function folderAt(path: VirtualPath, place: OfflinePlace): ServedPath {
  const plain = { profile: null, size: 0, masterSize: 0, proxySize: null, pinnedBy: null } as const;
  return {
    path,
    kind: 'directory',
    variant: 'master',
    denied: false,
    reason: whyOffline(place),
    state: 'offline',
    ...plain,
  };
}
