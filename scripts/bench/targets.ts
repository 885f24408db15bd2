/** What is compared: the bare folder, proxyfs in each way it can serve, and other pass-through file systems. */

import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DriverKind, MountOptions } from '../../src/mount/driver.js';
import type { ServeRequest } from './serve.js';

const SERVE = fileURLToPath(new URL('serve.js', import.meta.url));
const MOUNT_PATIENCE_MS = 10_000;
const run = promisify(execFile);

export interface Mounted {
  readonly path: string;
  stop(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** It serves without the kernel's page cache, and so has no shared maps. */
  readonly uncached?: true;
  start(source: string, root: string): Promise<Mounted>;
}

export const BARE: Target = {
  name: 'bare folder',
  start: async (source) => ({ path: source, stop: async () => {} }),
};

export async function availableTargets(): Promise<readonly Target[]> {
  const others = [
    external('bindfs', (source, mountPoint) => ['-f', source, mountPoint]),
    external('mergerfs', (source, mountPoint) => ['-f', source, mountPoint]),
  ];
  const installed = await Promise.all(others.map(({ name }) => isInstalled(name)));
  return [
    BARE,
    proxyfs('passthrough', 'native', {}),
    proxyfs('no passthrough', 'native', { passthrough: true }),
    { ...proxyfs('portable', 'portable', {}), uncached: true },
    ...others.filter((_, i) => installed[i]),
  ];
}

/** A proxyfs mount in a child process that answers requests. */
export class ServedMount implements Mounted {
  readonly #child: ChildProcess;

  constructor(readonly path: string) {
    this.#child = fork(SERVE, { serialization: 'advanced', cwd: '/' });
  }

  async ask<Value>(request: ServeRequest): Promise<Value> {
    this.#child.send(request);
    const [answer] = (await once(this.#child, 'message')) as [{ value?: Value; error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value as Value;
  }

  async stop(): Promise<void> {
    await this.ask({ do: 'unmount' });
    this.#child.kill();
    await once(this.#child, 'exit');
    await rmdir(this.path);
  }
}

export async function startProxyfs(
  driver: DriverKind,
  disable: MountOptions['disable'],
  source: string,
  root: string,
  cacheSeconds = 1,
): Promise<ServedMount> {
  const mountPoint = await mkdtemp(join(root, 'mount-'));
  const mount = new ServedMount(mountPoint);
  await mount.ask({ do: 'mount', driver, source, mountPoint, disable, cacheSeconds });
  return mount;
}

function proxyfs(name: string, driver: DriverKind, disable: MountOptions['disable']): Target {
  return { name, start: (source, root) => startProxyfs(driver, disable, source, root) };
}

function external(name: string, args: (source: string, mountPoint: string) => string[]): Target {
  return {
    name,
    start: async (source, root) => {
      const path = await mkdtemp(join(root, 'mount-'));
      const child = spawn(name, args(source, path), { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/' });
      await untilMounted(path, child);
      const stop = async (): Promise<void> => {
        const exited = once(child, 'exit');
        await run('umount', [path]);
        await exited;
        await rmdir(path);
      };
      return { path, stop };
    },
  };
}

async function untilMounted(path: string, child: ChildProcess): Promise<void> {
  for (const end = Date.now() + MOUNT_PATIENCE_MS; Date.now() < end; await sleep(20)) {
    if ((await readFile('/proc/self/mounts', 'utf8')).includes(` ${path} `)) return;
    if (child.exitCode !== null) break;
  }
  throw new Error(`${child.spawnfile} did not mount at ${path}`);
}

async function isInstalled(program: string): Promise<boolean> {
  return run('sh', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}
