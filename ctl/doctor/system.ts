/** Kernel, device, helper program and privileges: what a mount needs of the machine. */

import { access, constants, open, readFile } from 'node:fs/promises';
import { release, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { errnoOf } from '../../src/base/error.js';
import { type Check, fail, ok, warn } from './check.js';

/** FUSE passthrough entered the kernel with protocol 7.40. */
const PASSTHROUGH_KERNEL = [6, 9] as const;

export function checkKernel(version = release()): Check {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  const [needMajor, needMinor] = PASSTHROUGH_KERNEL;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return ok('kernel', `Linux ${version}`);
  return warn(
    'kernel',
    `Linux ${version} has no FUSE passthrough: reads go through the daemon`,
    'use Linux 6.9 or newer for reads at the speed of the bare disk',
  );
}

export async function checkDevice(): Promise<Check> {
  try {
    const device = await open('/dev/fuse', constants.O_RDWR);
    await device.close();
    return ok('/dev/fuse', 'can be opened');
  } catch (error) {
    return fail('/dev/fuse', `cannot be opened (${errnoOf(error)})`, deviceWayOut(errnoOf(error)));
  }
}

function deviceWayOut(errno: string | undefined): string {
  if (errno === 'EACCES' || errno === 'EPERM') {
    return "run as root, or let users in: 'chmod 666 /dev/fuse'; in a container add '--device /dev/fuse --cap-add SYS_ADMIN'";
  }
  return "load the module with 'modprobe fuse'; in a container add '--device /dev/fuse --cap-add SYS_ADMIN'";
}

export async function checkHelper(env: Readonly<Record<string, string | undefined>>): Promise<Check> {
  const found = await findProgram('fusermount3', env['PATH'] ?? '');
  if (found !== undefined) return ok('fusermount3', found);
  const [finding, wayOut] = ['is not on PATH', "install it (Debian, Ubuntu: 'apt-get install fuse3')"];
  return userInfo().uid === 0
    ? warn('fusermount3', `${finding}; root can mount without it`, wayOut)
    : fail('fusermount3', `${finding}, and only root can mount without it`, wayOut);
}

export async function checkPrivileges(): Promise<Check> {
  const { uid, username } = userInfo();
  if (await hasSysAdmin()) return ok('privileges', `${username} may mount and use kernel passthrough (CAP_SYS_ADMIN)`);
  return warn(
    'privileges',
    `${username} (uid ${uid}) lacks CAP_SYS_ADMIN: mounts go through fusermount3, without kernel passthrough`,
    'run as root for reads at the speed of the bare disk',
  );
}

/** Bit 21 of the effective capabilities, see capabilities(7). */
async function hasSysAdmin(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8');
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> 21n) & 1n) === 1n;
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter(Boolean)) {
    const candidate = join(directory, name);
    const runnable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runnable) return candidate;
  }
  return undefined;
}
