/**
 * Taking a portable mount down, and noticing that it is gone.
 *
 * The commands run with the mount's parent untouched and `/` as working directory, and never
 * while this process is blocked: the kernel may still ask the mount for attributes.
 */

import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { findMount, findMountSync } from './mount-table.js';

const COMMAND_TIMEOUT_MS = 20_000;
const WATCH_INTERVAL_MS = 250;

interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

export async function unmountPoint(mountPoint: RealPath, force: boolean): Promise<void> {
  const outputs: string[] = [];
  for (const command of commandsFor(mountPoint, force)) {
    const outcome = await run(command);
    if (!(await isMounted(mountPoint))) return;
    outputs.push(`${command.file}: ${outcome.output.trim()}`);
    if (/busy/i.test(outcome.output)) break;
  }
  const said = outputs.join('; ');
  if (/busy/i.test(said)) {
    throw new ProxyfsError('mountpoint/busy', `${mountPoint} is in use: ${said}`);
  }
  throw new ProxyfsError('system/io', `'${mountPoint}' could not be unmounted (${said})`);
}

export async function isMounted(mountPoint: RealPath): Promise<boolean> {
  const mount = await findMount(mountPoint);
  return mount?.type.startsWith('fuse') === true;
}

/** Calls `gone` once the mount point is no FUSE mount any more. */
export function watchMount(mountPoint: RealPath, gone: () => void): () => void {
  let stopped = false;
  const timer = setInterval(() => {
    void isMounted(mountPoint).then((mounted) => {
      if (mounted || stopped) return;
      stop();
      gone();
    });
  }, WATCH_INTERVAL_MS);
  timer.unref();
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
  };
  return stop;
}

/**
 * For the end of the process with a live mount. Nobody answers requests any more, so the
 * connection is aborted first: afterwards no command can wait for us.
 */
export function abandonMount(mountPoint: RealPath): void {
  const mount = findMountSync(mountPoint);
  if (mount === undefined || !mount.type.startsWith('fuse')) return;
  try {
    writeFileSync(`/sys/fs/fuse/connections/${mount.device.split(':')[1]}/abort`, '1');
  } catch {
    // Not there without fusectl or as another user; a lazy unmount alone still frees the path.
  }
  for (const { file, args } of commandsFor(mountPoint, true)) {
    const { status } = spawnSync(file, args, { cwd: '/', timeout: 5000, stdio: 'ignore' });
    if (status === 0) return;
  }
}

function commandsFor(mountPoint: RealPath, force: boolean): readonly Command[] {
  if (process.platform === 'darwin') {
    if (force) return [{ file: 'diskutil', args: ['unmount', 'force', mountPoint] }];
    return [{ file: 'umount', args: [mountPoint] }];
  }
  const detach = force ? ['-l'] : [];
  const umount = { file: 'umount', args: ['-i', ...detach, mountPoint] };
  const helpers = ['fusermount3', 'fusermount'].map((file) => ({ file, args: [force ? '-uz' : '-u', mountPoint] }));
  return process.getuid?.() === 0 ? [umount, ...helpers] : helpers;
}

function run({ file, args }: Command): Promise<Outcome> {
  const options = { cwd: '/', timeout: COMMAND_TIMEOUT_MS, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: `${stdout}${stderr}` || (error?.message ?? '') });
    });
  });
}
