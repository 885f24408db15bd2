/**
 * Which clips a call means: files, folders and glob patterns, in the order in which they
 * were given.
 *
 * A text that names something is that, also when it looks like a pattern. A pattern counts
 * from the root of the project and matches files, and folders with all that lies below them.
 */

import picomatch from 'picomatch';
import { ProxyfsError } from '../../src/base/error.js';
import type { AssetId } from '../../src/base/ids.js';
import { ancestorsOf, ROOT, toVirtualPath, type VirtualPath } from '../../src/base/paths.js';
import { servablePages } from '../../src/catalog/servable-pages.js';
import type { Daemon } from '../daemon.js';
import { existingPath } from './paths.js';

export interface Selection {
  /** What has to be looked at before the clips are known. */
  readonly roots: readonly VirtualPath[];
  /** The place of each path, and of each pattern, in the order of the call. */
  readonly paths: ReadonlyMap<VirtualPath, number>;
  readonly globs: readonly Glob[];
}

interface Glob {
  readonly text: string;
  readonly place: number;
  readonly matches: (path: string) => boolean;
}

/** Rejects with `path/missing` and `path/outside-project`. */
export async function select(daemon: Daemon, texts: readonly string[]): Promise<Selection> {
  const [roots, paths, globs] = [new Set<VirtualPath>(), new Map<VirtualPath, number>(), [] as Glob[]];
  for (const [place, text] of texts.entries()) {
    const found = await pathOrGlob(daemon, text);
    if (typeof found === 'string') {
      roots.add(found);
      if (!paths.has(found)) paths.set(found, place);
    } else {
      roots.add(found.base);
      globs.push({ text, place, matches: found.matches });
    }
  }
  return { roots: withoutNested(roots), paths, globs };
}

/** The clips, in the order of what named them first, and by name within that. Rejects with `path/missing` for a pattern that names none. */
export async function assetsOf(
  { files }: Daemon,
  selection: Selection,
  signal: AbortSignal,
): Promise<readonly AssetId[]> {
  const found: { readonly id: AssetId; readonly place: number; readonly path: VirtualPath }[] = [];
  const idle = new Set(selection.globs);
  for await (const page of servablePages(files.catalog, signal)) {
    for (const { id, paths } of page) {
      let best: { readonly place: number; readonly path: VirtualPath } | undefined;
      for (const path of paths) {
        const place = placeOf(path, selection, idle);
        if (place !== undefined && (best === undefined || place < best.place)) best = { place, path };
      }
      if (best !== undefined) found.push({ id, ...best });
    }
  }
  const [unused] = idle;
  if (unused !== undefined) throw noMatch(unused.text);
  return found.sort((a, b) => a.place - b.place || (a.path < b.path ? -1 : 1)).map(({ id }) => id);
}

async function pathOrGlob(
  daemon: Daemon,
  text: string,
): Promise<VirtualPath | { readonly base: VirtualPath; readonly matches: (path: string) => boolean }> {
  try {
    return (await existingPath(daemon, text)).path;
  } catch (error) {
    const isMissing = error instanceof ProxyfsError && error.code === 'path/missing';
    if (!isMissing || !picomatch.scan(text).isGlob) throw error;
  }
  const pattern = toVirtualPath(text);
  const { path: base } = await existingPath(daemon, picomatch.scan(pattern).base);
  // A name may have line breaks: `**` stands for those, too.
  return { base, matches: picomatch(pattern, { flags: 's' }) };
}

/** The first of the given that the path, or a folder above it, is. Patterns that match are not idle. */
function placeOf(path: VirtualPath, { paths, globs }: Selection, idle: Set<Glob>): number | undefined {
  const places: number[] = [];
  for (const at of ancestorsOf(path)) {
    const place = paths.get(at as VirtualPath);
    if (place !== undefined) places.push(place);
    for (const glob of globs) {
      if (at === ROOT || !glob.matches(at)) continue;
      idle.delete(glob);
      places.push(glob.place);
    }
  }
  return places.length === 0 ? undefined : Math.min(...places);
}

/** A folder is looked at once, with all that lies below it. */
function withoutNested(roots: ReadonlySet<VirtualPath>): readonly VirtualPath[] {
  return [...roots].filter((root) => {
    return [...ancestorsOf(root)].every((above) => above === root || !roots.has(above));
  });
}

function noMatch(pattern: string): ProxyfsError {
  const message = `no media file matches '${pattern}': patterns count from where you are, * stays within a folder and ** does not`;
  return new ProxyfsError('path/missing', message, { details: { pattern } });
}
