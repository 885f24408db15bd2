/**
 * The words before a command that make it polite and mortal: a low CPU and idle I/O
 * priority, a bounded number of cores, and dead when the daemon is. All of them replace
 * themselves by the next program, so the process id is that of FFmpeg itself and one
 * signal reaches it.
 *
 * Probed once per process: each is used only where it works.
 */

import { availableParallelism } from 'node:os';
import { loadExeca } from './load-execa.js';
import type { Pace } from './pace.js';

/**
 * `low` gets what is left over, but always something; `idle` only what nobody else wants at all, and
 * makes room at once.
 */
export type Priority = 'normal' | 'low' | 'idle';

/** How programs are run: what a toolchain carries for one job. */
export interface Manner {
  readonly priority: Priority;
  /** Cores one program may use; all when undefined. FFmpeg makes as many threads as it is given cores. */
  readonly cores?: number | undefined;
  /** Holds the programs up. */
  readonly pace?: Pace | undefined;
}

/** The nice value is also what the kernel books the time under (`nice` in /proc/stat). */
const LOW = [
  ['nice', '-n', '19'],
  ['ionice', '-c', '3'],
] as const;

/** SCHED_IDLE: the scheduler takes a processor that runs nothing else for a free one. */
const IDLE = ['chrt', '--idle', '0'] as const;

/** Without it an encoder would go on writing after a crash of the daemon. */
const MORTAL = ['setpriv', '--pdeathsig', 'KILL'] as const;

interface Words {
  readonly low: readonly string[];
  readonly idle: readonly string[];
  readonly mortal: readonly string[];
}

let probed: Promise<Words> | undefined;
const masks = new Map<number, Promise<readonly string[]>>();

export async function launcherWords({ priority, cores }: Manner): Promise<readonly string[]> {
  probed ??= probe();
  const { low, idle, mortal } = await probed;
  const bounded = cores === undefined || cores >= availableParallelism() ? [] : await boundTo(cores);
  return [...bounded, ...(priority === 'normal' ? [] : low), ...(priority === 'idle' ? idle : []), ...mortal];
}

/** Whether what is launched dies with this process, and may therefore be stopped. */
export async function isMortal(): Promise<boolean> {
  probed ??= probe();
  return (await probed).mortal.length > 0;
}

async function probe(): Promise<Words> {
  const [mortal = [], idle = [], ...low] = await Promise.all([MORTAL, IDLE, ...LOW].map((words) => usable(words)));
  return { low: low.flat(), idle, mortal };
}

/** The last cores: the first ones answer most interrupts. */
async function boundTo(cores: number): Promise<readonly string[]> {
  const all = availableParallelism();
  const mask = masks.get(cores) ?? usable(['taskset', '--cpu-list', `${all - cores}-${all - 1}`]);
  masks.set(cores, mask);
  return await mask;
}

async function usable(words: readonly string[]): Promise<readonly string[]> {
  const [program = '', ...rest] = words;
  const execa = await loadExeca();
  const result = await execa(program, [...rest, 'true'], { reject: false, stdio: 'ignore' });
  return result.exitCode === 0 ? words : [];
}
