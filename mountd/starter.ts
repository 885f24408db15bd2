/**
 * Whoever started the daemon is told that it serves, or why not: a `proxyfs mount` over
 * Node's IPC channel, which is closed then, and systemd (a unit of Type=notify) by its own program.
 */

import { execFile } from 'node:child_process';
import { readlink, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { StartMessage } from '../src/control/start-message.js';

/**
 * The file that this process's stderr goes to, under the name of a start, becomes that of the
 * project: by the daemon itself, since whoever started it may be gone by now.
 */
export async function claimStderr(stateDir: string): Promise<void> {
  const path = await readlink('/proc/self/fd/2').catch(() => '');
  if (dirname(path) !== stateDir || !/^starting-.*\.stderr$/.test(basename(path))) return;
  await rename(path, join(stateDir, 'proxyfsd.stderr'));
}

/** Resolves when the message is out. Without a channel (started by hand) there is nobody to tell. */
export async function tellStarter(message: StartMessage): Promise<void> {
  if (process.send === undefined || !process.connected) return;
  await new Promise<void>((resolve) => {
    // A starter that has gone away is not an error: the daemon goes on without it.
    process.send?.(message, undefined, {}, () => resolve());
  });
  if (process.connected) process.disconnect();
}

/**
 * Resolves when systemd knows; without one that waits there is nobody to tell. A failure
 * is systemd's to judge, by the time limit of the unit: the mount is there and serves.
 */
export async function tellServiceManager(): Promise<void> {
  const { NOTIFY_SOCKET: socket, ...others } = process.env;
  if (!socket) return;
  // Only this process is the service; encoders and hooks must not speak for it.
  delete process.env['NOTIFY_SOCKET'];
  try {
    await notify('systemd-notify', ['--ready', `--pid=${process.pid}`], {
      env: { ...others, NOTIFY_SOCKET: socket },
    });
  } catch (error) {
    process.stderr.write(`proxyfsd: systemd could not be told that it serves: ${String(error)}\n`);
  }
}

const notify = promisify(execFile);
