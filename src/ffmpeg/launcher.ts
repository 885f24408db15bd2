/**
 * The words before a command that make it polite and mortal: idle CPU and I/O
 * priority, a bounded number of cores, and dead when the daemon is. All of them replace
 * themselves by the next program, so the process id is that of FFmpeg itself and one
 * signal reaches it.
 *
 * Probed once per process: each is used only where it works.
 */

import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import type { Pace } from './pace.js';

/** How programs are run: what a toolchain carries for one job. */
export interface Manner {
  /** At idle priority: somebody is editing on this machine. */
  readonly polite: boolean;
  /** Cores one program may use; all when undefined. FFmpeg makes as many threads as it is given cores. */
  readonly cores?: number | undefined;
  /** Holds the programs up. */
  readonly pace?: Pace | undefined;
}

/**
 * SCHED_IDLE runs only on processors that nobody else wants, and makes room at once; the nice
 * value is the fallback, and what the kernel books the time under (`/proc/stat`).
 */
const POLITE = [
  ['nice', '-n', '19'],
  ['ionice', '-c', '3'],
  ['chrt', '--idle', '0'],
] as const;

/** Without it an encoder would go on writing after a crash of the daemon. */
const MORTAL = ['setpriv', '--pdeathsig', 'KILL'] as const;

let probed: Promise<{ readonly polite: readonly string[]; readonly mortal: readonly string[] }> | undefined;
const masks = new Map<number, Promise<readonly string[]>>();

export async function launcherWords({ polite, cores }: Manner): Promise<readonly string[]> {
  probed ??= probe();
  const words = await probed;
  const bounded = cores === undefined || cores >= availableParallelism() ? [] : await boundTo(cores);
  return [...bounded, ...(polite ? words.polite : []), ...words.mortal];
}

/** Whether what is launched dies with this process, and may therefore be stopped. */
export async function isMortal(): Promise<boolean> {
  probed ??= probe();
  return (await probed).mortal.length > 0;
}

async function probe() {
  const [mortal, ...polite] = await Promise.all([MORTAL, ...POLITE].map((words) => usable(words)));
  return { polite: polite.flat(), mortal: mortal ?? [] };
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
  const result = await execa(program, [...rest, 'true'], { reject: false, stdio: 'ignore' });
  return result.exitCode === 0 ? words : [];
}
