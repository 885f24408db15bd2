/** Who holds files open: everybody but the daemon's own threads. */

import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { identityKey } from '../base/ids.js';
import type { MountedVolume, OpenHandle } from '../mount/driver.js';
import { isMediaPath } from '../probe/media-extensions.js';

const POLL_MS = 200;

/** Handles of other processes. */
export function foreignHandles(
  volume: MountedVolume,
  options: { onlySwappable?: boolean } = {},
): readonly OpenHandle[] {
  return volume.handles(options).filter((handle) => !isOwnProcess(handle.pid));
}

/** Handles of other processes on clips: on what is in the table, and on what comes into it once it has been examined. */
export function clipHandles(volume: MountedVolume): readonly OpenHandle[] {
  const inTable = new Set(volume.handles({ onlySwappable: true }).map(({ asset }) => identityKey(asset)));
  const isClip = ({ asset, path }: OpenHandle) => inTable.has(identityKey(asset)) || isMediaPath(path);
  return foreignHandles(volume).filter(isClip);
}

/** Handles whose file a new open would no longer get. */
export function outdatedHandles(volume: MountedVolume): readonly OpenHandle[] {
  return foreignHandles(volume, { onlySwappable: true }).filter((handle) => handle.outdated);
}

/** Resolves when no handle is outdated; tells whenever those that are left have changed. */
export async function waitForHandles(
  volume: MountedVolume,
  options: { signal: AbortSignal; onProgress: (handles: readonly OpenHandle[]) => void },
): Promise<void> {
  let told = '';
  for (;;) {
    options.signal.throwIfAborted();
    const handles = outdatedHandles(volume);
    if (handles.length === 0) return;
    const now = handles.map(({ pid, path }) => `${pid} ${path}`).join('\n');
    if (now !== told) options.onProgress(handles);
    told = now;
    // An abort only ends the pause; the loop then throws the signal's own reason.
    await sleep(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/** The kernel names the calling thread in a request, so the daemon is many numbers. */
export function isOwnProcess(pid: number): boolean {
  return pid === process.pid || existsSync(`/proc/self/task/${pid}`);
}
