/**
 * The file systems of a source tree, read from the kernel's table of mounts (proc(5),
 * mountinfo) without touching any of them: one that is broken would not answer.
 */

import { readFile } from 'node:fs/promises';
import { isAtOrBelow, type RealPath, ROOT, type VirtualPath, virtualPathBelow } from '../base/paths.js';

export interface MountPoint {
  readonly point: string;
  readonly type: string;
  /** Another one for each mount, also at the same place. */
  readonly id: string;
  /** What is mounted, as the file system says. */
  readonly device: string;
}

/** What is mounted at and below a source; '' is what the source itself lies on. */
export type Placement = ReadonlyMap<VirtualPath, MountPoint>;

export async function readMountinfo(): Promise<string> {
  return await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
}

/** In the order of mounting: of several at one place the last one is seen. */
export function parseMountinfo(mountinfo: string): readonly MountPoint[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ', 2);
    const [id, , , , point] = before?.split(' ') ?? [];
    const [type, device] = after?.split(' ') ?? [];
    if (id === undefined || point === undefined || type === undefined) return [];
    return [{ point: decodeOctal(point), type, id, device: device ?? '' }];
  });
}

/** A volume of proxyfs is no part of any source. */
export function isProxyfs({ type, device }: MountPoint): boolean {
  return type === 'fuse.proxyfs' || (type.startsWith('fuse') && device.startsWith('proxyfs'));
}

export function placementOf(source: RealPath, mountinfo: string): Placement {
  const placement = new Map<VirtualPath, MountPoint>();
  for (const mount of parseMountinfo(mountinfo)) {
    const below = virtualPathBelow(source, mount.point);
    if (below !== undefined && below !== ROOT) {
      if (!isProxyfs(mount)) placement.set(below, mount);
    } else if (virtualPathBelow(mount.point, source) !== undefined) {
      const own = placement.get(ROOT);
      if (own === undefined || own.point.length <= mount.point.length) placement.set(ROOT, mount);
    }
  }
  return placement;
}

/** The mount that a path of the source lies on. */
export function mountOf(placement: Placement, path: VirtualPath): MountPoint | undefined {
  let found: VirtualPath = ROOT;
  for (const place of placement.keys()) if (isAtOrBelow(path, place) && place.length > found.length) found = place;
  return placement.get(found);
}

const LOCAL_FUSE = new Set(['fuseblk', 'fuse.ntfs-3g', 'fuse.exfat', 'fuse.lowntfs-3g']);
const SHARED =
  /^(nfs4?|cifs|smb3|smbfs|9p|afs|coda|ceph|lustre|beegfs|gpfs|ocfs2|gfs2|glusterfs|orangefs|ncpfs|vboxsf|vmhgfs|prl_fs|virtiofs|drvfs)$/;

/** Storage that others change too, and that tells nothing of it to this machine. */
export function isSilent(mount: MountPoint | undefined): boolean {
  const type = mount?.type ?? '';
  return SHARED.test(type) || (type.startsWith('fuse') && !LOCAL_FUSE.has(type));
}

/** Blank, tab, newline and backslash are written as three octal digits. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
