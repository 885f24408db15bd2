/**
 * Two kinds of path that must never be mixed: a daemon that opens a path of its
 * own mount waits for itself.
 *
 * - RealPath: absolute, on the host, never below a proxyfs mount.
 * - VirtualPath: inside a project, relative to its root, `/`-separated, without a
 *   leading slash; the root itself is the empty string.
 */

import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Brand } from './brand.js';
import { ProxyfsError } from './error.js';

export type RealPath = Brand<string, 'RealPath'>;
export type VirtualPath = Brand<string, 'VirtualPath'>;

export const ROOT = '' as VirtualPath;

export function toRealPath(path: string): RealPath {
  if (!isAbsolute(path)) {
    throw new ProxyfsError('request/invalid', `'${path}' is not an absolute path`);
  }
  return resolve(path) as RealPath;
}

/** Parses a project-relative path from outside; `..`, NUL and absolute paths are refused. */
export function toVirtualPath(path: string): VirtualPath {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw new ProxyfsError('path/outside-project', `'${path}' is not a path inside the project`);
  }
  return parts.join('/') as VirtualPath;
}

/** `path` as seen from `root`, or undefined when it is not inside it. */
export function virtualPathBelow(root: string, path: string): VirtualPath | undefined {
  const below = relative(root, path);
  if (below === '') return ROOT;
  if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) return undefined;
  return below as VirtualPath;
}

export function realPathOf(root: RealPath, path: VirtualPath): RealPath {
  return join(root, path) as RealPath;
}

/** Whether `path` is `prefix` or lies below it. */
export function isAtOrBelow(path: VirtualPath, prefix: VirtualPath): boolean {
  return prefix === ROOT || path === prefix || path.startsWith(`${prefix}/`);
}

/** The folder of a path; the root is its own. */
export function parentOf(path: VirtualPath): VirtualPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) as VirtualPath;
}

/** The path itself, each folder above it, and the root. */
export function* ancestorsOf(path: VirtualPath): Generator<VirtualPath, void> {
  for (let at = path; at !== ROOT; at = parentOf(at)) yield at;
  yield ROOT;
}
