/**
 * Which process stands behind the pid of a FUSE request.
 *
 * The kernel names the *thread* that asked. Thread pools come and go while their
 * process keeps the file open, so the thread's process is remembered while it can
 * still be looked up. Only reads /proc, which never blocks on a mount.
 */

import { readFileSync } from 'node:fs';
import { LRUCache } from 'lru-cache';

export interface ProcessInfo {
  readonly pid: number;
  /** Its name as in ps(1), `exited` when it is gone, `unknown` when it is not visible from here. */
  readonly name: string;
}

const REMEMBERED_THREADS = 4096;

export class ProcessNames {
  readonly #processOfThread = new LRUCache<number, number>({ max: REMEMBERED_THREADS });

  lookUp(thread: number): ProcessInfo {
    // Threads of another pid namespace (a container) come as 0.
    if (thread === 0) return { pid: 0, name: 'unknown' };
    const pid = this.#processOf(thread);
    const name = read(`/proc/${pid ?? thread}/comm`);
    return { pid: pid ?? thread, name: name ?? 'exited' };
  }

  /** Asks while the thread is certainly there, for a later `lookUp`. */
  remember(thread: number): number {
    return this.#processOf(thread) ?? thread;
  }

  #processOf(thread: number): number | undefined {
    const status = read(`/proc/${thread}/status`);
    const group = status === undefined ? undefined : /^Tgid:\s*(\d+)$/m.exec(status)?.[1];
    if (group === undefined) return this.#processOfThread.get(thread);
    this.#processOfThread.set(thread, Number(group));
    return Number(group);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return undefined; // ENOENT and ESRCH: it has exited, which is the answer
  }
}
