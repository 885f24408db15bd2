/**
 * The virtual extended attributes `user.proxyfs.*`: what a path is served from, and why.
 *
 * They answer when asked for by name and are not listed: copying tools would try to set what is
 * listed. The source's own extended attributes are out of Node's reach.
 */

import type { VirtualPath } from '../base/paths.js';
import { Refusal } from './portable-errno.js';
import { type PortableState, type Resolved, resolvePath } from './portable-state.js';
import { choose } from './portable-table.js';

const PREFIX = 'user.proxyfs.';

export async function getVirtualXattr(state: PortableState, path: VirtualPath, name: string): Promise<Buffer> {
  const value = name.startsWith(PREFIX)
    ? attributeOf(path, await resolvePath(state, path), name.slice(PREFIX.length))
    : '';
  if (value === '') throw new Refusal('ENODATA', `${path} has no ${name}`);
  return Buffer.from(value);
}

/** Nothing is listed; a path that is not there is still an error. */
export async function listVirtualXattrs(state: PortableState, path: VirtualPath): Promise<string[]> {
  await resolvePath(state, path);
  return [];
}

/** An empty value means that there is no such attribute here. */
function attributeOf(path: VirtualPath, resolved: Resolved, key: string): string {
  switch (key) {
    case 'variant':
      return typeof resolved.choice === 'object' ? 'proxy' : 'master';
    case 'master':
      return path === '' ? '.' : path;
    case 'profile':
      return resolved.entry?.profile ?? '';
    case 'reason':
      return reasonOf(resolved);
    default:
      return '';
  }
}

function reasonOf({ entry, master, choice }: Resolved): string {
  if (master.isDirectory()) return 'a directory';
  if (entry === undefined) return 'an ordinary file: no proxy is planned for it';
  if (!choose(entry, master).fits) return 'the master changed since its proxy was made';
  if (entry.demoted) return 'demoted to its master by a write';
  if (entry.swap.kind === 'replace' && choice === 'master') return 'the proxy file is missing';
  return entry.reason;
}
