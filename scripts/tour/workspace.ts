/**
 * The temporary places of a tour, and their end.
 *
 * A mount of somebody's footage must never be cleared recursively: the mount point
 * is only ever removed with rmdir, and nothing is removed while anything is mounted.
 */

import { mkdir, mkdtemp, readFile, realpath, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isProxyfs, parseMountinfo } from '../../src/scan/mount-points.js';
import { type Command, createCommand } from './command.js';

export interface Workspace {
  /** Made by nobody yet; the demo project goes here. */
  readonly demo: string;
  readonly mountPoint: string;
  readonly state: string;
  readonly pool: string;
  readonly command: Command;
  /** Ends daemon and mount and removes everything; returns what could not be removed. */
  clear(): Promise<readonly string[]>;
}

export async function createWorkspace(): Promise<Workspace> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-tour-')));
  const mountPoint = join(root, 'mount');
  const runtime = join(root, 'run');
  await mkdir(mountPoint);
  await mkdir(runtime, { mode: 0o700 });
  // Its own runtime directory: no daemon of the user is found or touched.
  const command = createCommand({ ...process.env, XDG_RUNTIME_DIR: runtime });
  return {
    demo: join(root, 'demo'),
    mountPoint,
    state: join(root, 'state'),
    pool: join(root, 'pool'),
    command,
    clear: () => clear(root, mountPoint, command),
  };
}

export async function isMounted(mountPoint: string): Promise<boolean> {
  const mounts = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
  return mounts.some((mount) => isProxyfs(mount) && mount.point === mountPoint);
}

async function clear(root: string, mountPoint: string, command: Command): Promise<readonly string[]> {
  await command.endAll();
  if (await isMounted(mountPoint)) await command.capture(['unmount', mountPoint, '--force']);
  if (await isMounted(mountPoint)) return [`the mount at ${mountPoint}: 'umount -l ${mountPoint}' ends it`];
  await rmdir(mountPoint);
  await rm(root, { recursive: true, force: true });
  return [];
}
