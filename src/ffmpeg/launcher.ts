/**
 * The words before a command that make it polite and mortal: low CPU and I/O
 * priority, and dead when the daemon is. All of them replace themselves by the next
 * program, so the process id is that of FFmpeg itself and one signal reaches it.
 *
 * Probed once per process: each is used only where it works.
 */

import { execa } from 'execa';

const POLITE = [
  ['nice', '-n', '19'],
  ['ionice', '-c', '3'],
] as const;

/** Without it an encoder would go on writing after a crash of the daemon. */
const MORTAL = ['setpriv', '--pdeathsig', 'KILL'] as const;

let probed: Promise<{ readonly polite: readonly string[]; readonly mortal: readonly string[] }> | undefined;

export async function launcherWords(polite: boolean): Promise<readonly string[]> {
  probed ??= probe();
  const words = await probed;
  return polite ? [...words.polite, ...words.mortal] : words.mortal;
}

async function probe() {
  const [nice, ionice, setpriv] = await Promise.all([...POLITE, MORTAL].map((words) => usable(words)));
  return { polite: [...(nice ?? []), ...(ionice ?? [])], mortal: setpriv ?? [] };
}

async function usable(words: readonly string[]): Promise<readonly string[]> {
  const [program = '', ...rest] = words;
  const result = await execa(program, [...rest, 'true'], { reject: false, stdio: 'ignore' });
  return result.exitCode === 0 ? words : [];
}
