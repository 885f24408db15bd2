/** Files that only try something out: hidden, with their process in the name, so that none stays for ever. */

import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatOwner, parseOwner, stateOf, thisProcess } from '../pool/owner.js';

const TRIAL = '.trial.';

export const trialName = (): string => `${TRIAL}${formatOwner(thisProcess())}.${randomBytes(4).toString('hex')}`;

/** Removes what watchers of this machine left that were killed while they tried. */
export async function sweepTrials(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = name.startsWith(TRIAL) ? parseOwner(name) : undefined;
    if (owner !== undefined && stateOf(owner) === 'gone') await rm(join(folder, name), { force: true });
  }
}
