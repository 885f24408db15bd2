/** The kernel's list of mounts, as far as one mount point is concerned. Reads /proc only: never the mount itself. */

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

/** For the moment of process exit, when nothing asynchronous runs any more. */
export function findMountSync(mountPoint: string): MountRecord | undefined {
  return parseMount(readFileSync(MOUNT_INFO, 'utf8'), mountPoint);
}

/** The topmost mount at exactly this path. Format: proc_pid_mountinfo(5). */
function parseMount(table: string, mountPoint: string): MountRecord | undefined {
  let found: MountRecord | undefined;
  for (const line of table.split('\n')) {
    const [, , device, , point, ...rest] = line.split(' ');
    if (device === undefined || point === undefined || unescapeOctal(point) !== mountPoint) continue;
    found = { device, type: rest[rest.indexOf('-') + 1] ?? '' };
  }
  return found;
}

/** Space, tab, newline and backslash stand as three octal digits; all else is the name's own UTF-8. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
