/**
 * What programs say of a clip, without where it lies and where its proxy was being made: equal
 * failures have equal reasons. The path of the clip is known to whoever reads the reason. Pure.
 */

import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';

interface Places {
  readonly source: RealPath;
  readonly pool: { readonly directory: RealPath };
}

export function plainReason(reason: string, { pool, source }: Places, path: VirtualPath | undefined): string {
  const inPool = new RegExp(`(file:)?${pool.directory.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(/[\\w.-]+)+`, 'g');
  const plain = reason.replaceAll(inPool, 'the proxy');
  if (path === undefined) return plain;
  const master = realPathOf(source, path);
  return plain.replaceAll(fileArgument(master), 'the master').replaceAll(master, 'the master');
}
