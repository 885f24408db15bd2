/** A volume whose daemon is another process: what `MountedVolume` offers, over IPC, and its folders. */

import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import type {
  CommitResult,
  Counters,
  DriverKind,
  MountInfo,
  MountOptions,
  OpenHandle,
  SwapChange,
  VolumeEvent,
} from '../../src/mount/driver.js';

const HOST = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'mount-host.js');
const EVENT_PATIENCE_MS = 5000;

type Settle = { resolve: (value: unknown) => void; reject: (error: Error) => void };
type Answer = { id: number; value?: unknown; error?: { code: string; message: string } } | { event: VolumeEvent };
type Ask =
  | { do: 'mount'; driver: DriverKind; options: MountOptions }
  | { do: 'commit'; changes: readonly SwapChange[] }
  | { do: 'handles'; onlySwappable: boolean }
  | { do: 'counters' | 'closed' }
  | { do: 'unmount'; force: boolean };

export class HostedVolume {
  readonly events: VolumeEvent[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Settle>();
  #nextId = 1;
  stderr = '';

  constructor(
    readonly source: string,
    readonly mountPoint: string,
    readonly pool: string,
  ) {
    this.#child = fork(HOST, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'pipe', 'ipc'], cwd: '/' });
    this.#child.on('message', (answer: Answer) => this.#receive(answer));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.#child.on('exit', (code, signal) => {
      const error = new Error(`the daemon ended (${signal ?? code}): ${this.stderr}`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  mount(driver: DriverKind, options: MountOptions): Promise<{ info: MountInfo; driver: DriverKind }> {
    return this.#ask({ do: 'mount', driver, options });
  }

  commit(...changes: SwapChange[]): Promise<CommitResult> {
    return this.#ask({ do: 'commit', changes });
  }

  handles(onlySwappable = false): Promise<readonly OpenHandle[]> {
    return this.#ask({ do: 'handles', onlySwappable });
  }

  counters(): Promise<Counters> {
    return this.#ask({ do: 'counters' });
  }

  unmount(force: boolean): Promise<void> {
    return this.#ask({ do: 'unmount', force });
  }

  closed(): Promise<void> {
    return this.#ask({ do: 'closed' });
  }

  path(name: string): string {
    return join(this.mountPoint, name);
  }

  async isMounted(): Promise<boolean> {
    return (await readFile('/proc/self/mounts', 'utf8')).includes(` ${this.mountPoint} `);
  }

  /** The next event that fits, those that came already included; undefined after some seconds. */
  async event(kind: VolumeEvent['kind'], path: string): Promise<VolumeEvent | undefined> {
    for (const end = Date.now() + EVENT_PATIENCE_MS; Date.now() < end; await sleep(10)) {
      const found = this.events.find((event) => event.kind === kind && 'path' in event && event.path === path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Lets the daemon call process.exit() with its mount still there. */
  async exit(): Promise<void> {
    this.#child.send({ id: 0, do: 'exit' });
    await once(this.#child, 'exit');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The mount hangs from now on: no thread of the daemon takes another request. */
  async stop(): Promise<void> {
    this.#child.kill('SIGSTOP');
    while (!(await isStopped(this.pid))) await sleep(5);
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** The daemon dies and leaves its mount behind. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  /** Ends the daemon and whatever it left mounted. */
  async destroy(): Promise<void> {
    if (await this.isMounted()) await promisify(execFile)('umount', ['-l', this.mountPoint]);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
  }

  #ask<Value>(ask: Ask): Promise<Value> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send({ id, ...ask });
    });
  }

  #receive(answer: Answer): void {
    if ('event' in answer) {
      this.events.push(answer.event);
      return;
    }
    const settle = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) settle?.resolve(answer.value);
    else settle?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  }
}

/** Folders and a daemon of their own for one test, taken down with it, whatever happened. */
export async function hostVolume(t: Test): Promise<HostedVolume> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-mount-')));
  const [source, mountPoint, pool] = [join(root, 'source'), join(root, 'mount'), join(root, 'pool')];
  for (const folder of [source, mountPoint, pool]) await mkdir(folder);
  const volume = new HostedVolume(source, mountPoint, pool);
  t.teardown(async () => {
    await volume.destroy();
    await rm(root, { recursive: true, force: true });
  });
  return volume;
}

export function mountOptions(volume: HostedVolume, options: Partial<MountOptions> = {}): MountOptions {
  return {
    source: toRealPath(volume.source),
    mountPoint: toRealPath(volume.mountPoint),
    fsName: 'proxyfs-test',
    hiddenRootNames: ['.proxyfs'],
    writes: 'deny',
    allowOther: false,
    disable: {},
    ...options,
  };
}

/** Why mounted tests cannot run here, or false. */
export async function whyNoMount(): Promise<string | false> {
  if (process.platform !== 'linux') return 'these tests read /proc/self/mounts, which is Linux';
  if (process.geteuid?.() !== 0) return 'mounting without a helper needs root';
  const { access, constants } = await import('node:fs/promises');
  return access('/dev/fuse', constants.R_OK | constants.W_OK).then(
    () => false,
    () => 'no usable /dev/fuse',
  );
}

/** All of its threads: each goes on until it is told itself. One that waits in the kernel stands when it comes back. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  return stats.every((stat) => /^[TD]/.test(stat.slice(stat.lastIndexOf(')') + 2)));
}
