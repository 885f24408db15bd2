/** The kernel's list of mounts, Reads /proc only: never the mount itself. */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

const MOUNT_INFO = '/proc/self/mountinfo';

export interface MountRecord {
  /** `major:minor`; for FUSE the minor number names the connection in /sys/fs/fuse/connections. */
  readonly device: string;
  readonly type: string;
}

export async function findMount(mountPoint: string): Promise<MountRecord | undefined> {
  return parseMount(await readFile(MOUNT_INFO, 'utf8'), mountPoint);
}

/** All mount points of file systems of this type, such as `fuse.proxyfs`. */
export async function mountPointsOf(type: string): Promise<readonly string[]> {
  return rowsOf(await readFile(MOUNT_INFO, 'utf8')).flatMap((row) => (row.type === type ? [row.mountPoint] : []));
}

/** The mount that a file lies on, by the device number that stat() gives; bind mounts of it share that. */
export async function findMountOfDevice(dev: number): Promise<MountRow | undefined> {
  // Linux keeps the low eight bits of the minor number below the major one, and its high bits above.
  const device = `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
  return rowsOf(await readFile(MOUNT_INFO, 'utf8')).find((row) => row.device === device);
}

const PROJECT = 'proxyfs:';

/** What the mount of a project calls itself. Samba makes file ids of it: every project has its own, and the same at each mount. */
export function mountNameOf(project: string): string {
  return PROJECT + project;
}

export function showsProject({ type, name }: MountRow): boolean {
  return type === 'fuse.proxyfs' && name.startsWith(PROJECT);
}

/** For the moment of process exit, when nothing asynchronous runs any more. */
export function findMountSync(mountPoint: string): MountRecord | undefined {
  return parseMount(readFileSync(MOUNT_INFO, 'utf8'), mountPoint);
}

/** The topmost mount at exactly this path. */
function parseMount(table: string, mountPoint: string): MountRecord | undefined {
  const row = rowsOf(table).findLast((candidate) => candidate.mountPoint === mountPoint);
  return row === undefined ? undefined : { device: row.device, type: row.type };
}

export interface MountRow extends MountRecord {
  readonly mountPoint: string;
  /** What is mounted: a device, or the name that a FUSE file system gives itself. */
  readonly name: string;
}

/** Format: proc_pid_mountinfo(5). */
function rowsOf(table: string): MountRow[] {
  return table.split('\n').flatMap((line) => {
    const [, , device, , point, ...rest] = line.split(' ');
    if (device === undefined || point === undefined) return [];
    const [type = '', name = ''] = rest.slice(rest.indexOf('-') + 1);
    return [{ device, mountPoint: unescapeOctal(point), type, name: unescapeOctal(name) }];
  });
}

/** Space, tab, newline and backslash stand as three octal digits; all else is the name's own UTF-8. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
