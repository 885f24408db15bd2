/**
 * What of a project cannot be reached now, and so says nothing about what there is: a file
 * system that is no longer mounted, a drive or a server that answers with errors.
 *
 * Names in such a place are offline: they are kept, with all that is known of them, and cost
 * nothing when they come back. A file system is known by the place where it was mounted when
 * names were found on it, also over restarts. Pure but for the catalog's rows.
 */

import { isAtOrBelow, type RealPath, ROOT, type VirtualPath, virtualPathBelow } from '../base/paths.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Placement } from './mount-points.js';

export interface OfflinePlace {
  readonly path: VirtualPath;
  /** One clause, with what is not there. */
  readonly reason: string;
  /** The place is not mounted, or its storage answers with errors. */
  readonly kind: 'unmounted' | 'failing';
  /** Names that are kept. */
  readonly names: number;
  readonly since: number;
}

/** A file system on which names were found, and which is not mounted now. */
export interface AbsentVolume {
  readonly path: VirtualPath;
  readonly point: string;
}

/** Those that are known and not there; with '' for the source's own. */
export function absentVolumes(known: ReadonlyMap<VirtualPath, string>, placement: Placement): readonly AbsentVolume[] {
  const points = new Set(Array.from(placement.values(), ({ point }) => point));
  const absent: AbsentVolume[] = [];
  for (const [path, point] of known) {
    // The source may lie on another file system now, with its own still mounted above.
    const isThere = path === ROOT ? isAbove(placement.get(ROOT)?.point, point) : points.has(point);
    if (!isThere) absent.push({ path, point });
  }
  return absent;
}

/** The volume a name is missing with: the deepest that is known for it, if that is absent. */
export function absentWith(
  path: VirtualPath,
  absent: readonly AbsentVolume[],
  placement: Placement,
): AbsentVolume | undefined {
  let deepest: AbsentVolume | undefined;
  for (const volume of absent) {
    if (isAtOrBelow(path, volume.path) && volume.path.length >= (deepest?.path.length ?? 0)) deepest = volume;
  }
  if (deepest === undefined) return undefined;
  for (const place of placement.keys()) {
    if (place.length > deepest.path.length && isAtOrBelow(path, place)) return undefined;
  }
  return deepest;
}

/** Remembers what is mounted where names may be found. */
export function recordVolumes(catalog: Catalog, placement: Placement, absent: readonly AbsentVolume[]): void {
  const known = catalog.volumes();
  for (const [path, { point }] of placement) {
    const isMissed = path === ROOT && absent.some((volume) => volume.path === ROOT);
    if (!isMissed && known.get(path) !== point) catalog.recordVolume(path, point);
  }
}

/** What is mounted inside another place does not take that away. */
function isAbove(own: string | undefined, recorded: string): boolean {
  return own !== undefined && virtualPathBelow(recorded, own) !== undefined;
}

/** A place went away, or is back. */
export type OfflineNews = { readonly kind: 'offline' | 'online'; readonly place: OfflinePlace };

export class OfflinePlaces {
  readonly #source: RealPath;
  readonly #onNews: (news: OfflineNews) => void;
  #places = new Map<VirtualPath, OfflinePlace>();

  constructor(source: RealPath, onNews: (news: OfflineNews) => void = () => undefined) {
    this.#source = source;
    this.#onNews = onNews;
  }

  all(): readonly OfflinePlace[] {
    return [...this.#places.values()].map((place) => ({ ...place }));
  }

  /** The place that a path is offline with. */
  at(path: VirtualPath): OfflinePlace | undefined {
    for (const place of this.#places.values()) if (isAtOrBelow(path, place.path)) return place;
    return undefined;
  }

  /** After a look at the prefixes; returns the places that are back. */
  update(prefixes: readonly VirtualPath[], found: readonly Omit<OfflinePlace, 'since'>[], now: number): VirtualPath[] {
    const isLookedAt = (path: VirtualPath) => prefixes.some((prefix) => isAtOrBelow(path, prefix));
    const before = this.#places;
    this.#places = new Map([...before].filter(([path]) => !isLookedAt(path)));
    for (const place of found) {
      const known = before.get(place.path);
      // A look at a part of the place does not count all of it.
      const names = isLookedAt(place.path) ? place.names : Math.max(place.names, known?.names ?? 0);
      this.#places.set(place.path, { ...place, names, since: known?.since ?? now });
    }
    for (const place of this.#places.values()) if (!before.has(place.path)) this.#onNews({ kind: 'offline', place });
    const back = [...before.values()].filter(({ path }) => !this.#places.has(path));
    for (const place of back) this.#onNews({ kind: 'online', place });
    return back.map(({ path }) => path);
  }

  /** The source itself does not answer. */
  loseAll(reason: string, names: number, now: number): void {
    this.update([ROOT], [{ path: ROOT, kind: 'failing', reason: `${this.#source} ${reason}`, names }], now);
  }
}
