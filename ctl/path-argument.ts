/**
 * Path arguments -> project-relative paths.
 *
 * Text first: a path below the mount point or the source needs no look at the disk,
 * so a mount that does not answer cannot hold the command up. Only when that finds
 * nothing are symbolic links outside the project followed, with a deadline.
 */

import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../src/base/error.js';
import { type VirtualPath, virtualPathBelow } from '../src/base/paths.js';

/** The two places where a project's files can be named. */
export interface ProjectPlaces {
  readonly source: string;
  readonly mountPoint: string;
}

const LINK_DEADLINE_MS = 2000;

/** `argument` counts from `base`; rejects with `path/outside-project`. */
export async function toProjectPath(argument: string, base: string, places: ProjectPlaces): Promise<VirtualPath> {
  const path = resolve(base, argument);
  const found = below(path, places) ?? below(await withoutLinks(path), places);
  if (found !== undefined) return found;
  throw new ProxyfsError(
    'path/outside-project',
    `${path} is outside the project: give a path below ${places.mountPoint} or ${places.source}, or name another project with --project`,
    { details: { path, source: places.source, mountPoint: places.mountPoint } },
  );
}

/** Where relative arguments count from: here, or the project's root for somebody who is elsewhere. */
export function baseOf(cwd: string, places: ProjectPlaces): string {
  return below(cwd, places) === undefined ? places.mountPoint : cwd;
}

function below(path: string, places: ProjectPlaces): VirtualPath | undefined {
  return virtualPathBelow(places.mountPoint, path) ?? virtualPathBelow(places.source, path);
}

/** The last name stays as it is: it may not exist, or be a link that belongs to the project. */
async function withoutLinks(path: string): Promise<string> {
  const giveUp = new AbortController();
  const asIs = sleep(LINK_DEADLINE_MS, path, { signal: giveUp.signal, ref: false }).catch(() => path);
  const real = realpath(dirname(path)).then(
    (parent) => join(parent, basename(path)),
    () => path,
  );
  try {
    return await Promise.race([real, asIs]);
  } finally {
    giveUp.abort();
  }
}
