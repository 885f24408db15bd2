/**
 * Which processes have the mount's files open, read from /proc, since libfuse's path interface
 * does not say who calls. Reading a link in /proc/PID/fd never asks the mount, so it may be
 * synchronous; /proc/PID/maps and cmdline may wait for a page fault on it and are not touched.
 */

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { RealPath, VirtualPath } from '../base/paths.js';
import { virtualPathBelow } from '../base/paths.js';

export interface Holder {
  readonly pid: number;
  readonly process: string;
  readonly uid: number;
}

/** Holders by path inside the mount, one entry for each descriptor. */
export function findHolders(mountPoint: RealPath): Map<VirtualPath, Holder[]> {
  const found = new Map<VirtualPath, Holder[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const paths = pathsOpenBy(name, mountPoint);
    if (paths.length === 0) continue;
    const holder = describe(name);
    for (const path of paths) found.set(path, [...(found.get(path) ?? []), holder]);
  }
  return found;
}

/** A process may end, or belong to somebody else, at any step: then it holds nothing we can see. */
function pathsOpenBy(pid: string, mountPoint: RealPath): VirtualPath[] {
  const paths: VirtualPath[] = [];
  for (const fd of readOr([], () => readdirSync(`/proc/${pid}/fd`))) {
    const target = readOr('', () => readlinkSync(`/proc/${pid}/fd/${fd}`));
    if (!target.startsWith(`${mountPoint}/`)) continue;
    const path = virtualPathBelow(mountPoint, target.replace(/ \(deleted\)$/, ''));
    if (path !== undefined) paths.push(path);
  }
  return paths;
}

function describe(pid: string): Holder {
  return {
    pid: Number(pid),
    process: readOr('exited', () => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()),
    uid: readOr(0, () => statSync(`/proc/${pid}`).uid),
  };
}

function readOr<Value>(otherwise: Value, read: () => Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
