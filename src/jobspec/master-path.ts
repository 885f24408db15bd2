/**
 * Where the bytes of a master are. A path below a mount of proxyfs may serve a proxy at any
 * moment, and a job must read masters: such a path is taken to the source tree behind the
 * mount, or refused where that is not known.
 */

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type RealPath, realPathOf, virtualPathBelow } from '../base/paths.js';
import { mountPointsOf } from '../mount/mount-table.js';

/** A mounted project, as far as its places are concerned. */
export interface MountedProject {
  readonly mountPoint: string;
  readonly source: string;
}

export interface Mounts {
  readonly mountPoints: readonly string[];
  readonly projects: readonly MountedProject[];
}

export async function readMounts(projects: readonly MountedProject[]): Promise<Mounts> {
  return { mountPoints: await mountPointsOf('fuse.proxyfs'), projects };
}

/** The mount of proxyfs that a path lies in, if it does. */
export function mountOf(path: string, { mountPoints }: Mounts): string | undefined {
  return mountPoints
    .filter((point) => virtualPathBelow(point, path) !== undefined)
    .sort((a, b) => b.length - a.length)[0];
}

export type MasterPath =
  | { readonly kind: 'master'; readonly path: RealPath }
  /** Below this mount, whose source tree nobody here knows. */
  | { readonly kind: 'behind-mount'; readonly mountPoint: string };

/** Follows symbolic links. Rejects with the error of the system. */
export async function masterPath(path: string, mounts: Mounts): Promise<MasterPath> {
  const behind = await realpath(throughMount(path, mounts) ?? path);
  const path2 = throughMount(behind, mounts);
  const real = path2 === undefined ? behind : await realpath(path2);
  const mountPoint = mountOf(real, mounts);
  return mountPoint === undefined ? { kind: 'master', path: real as RealPath } : { kind: 'behind-mount', mountPoint };
}

/** The same file in the source tree; undefined when the path is below no mount, or none whose source is known. */
function throughMount(path: string, mounts: Mounts): string | undefined {
  const mountPoint = mountOf(path, mounts);
  const project = mounts.projects.find((candidate) => candidate.mountPoint === mountPoint);
  if (mountPoint === undefined || project === undefined) return undefined;
  const below = virtualPathBelow(mountPoint, path);
  return below === undefined ? undefined : realPathOf(join(project.source) as RealPath, below);
}
