/** Proof that a job left a source as it was: compared before, and after everything was read. */

import { stat } from 'node:fs/promises';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { fingerprintFile } from '../fingerprint/fingerprint.js';
import type { ClipPlan } from './job-plan.js';

/** Rejects with 'job/source-changed'. `withContent` also compares the fingerprint. */
export async function assertUntouched(
  { source, master, state }: Pick<ClipPlan, 'source' | 'master' | 'state'>,
  withContent: boolean,
): Promise<void> {
  try {
    const now = await stat(master, { bigint: true });
    const isSame = now.size === state.size && now.mtimeNs === state.mtimeNs && now.ino === state.ino && now.isFile();
    if (!isSame) throw changed(source, 'is not the file that was examined: its size, time or identity is another');
    if (withContent && (await fingerprintFile(master)) !== state.fingerprint) {
      throw changed(source, 'has other content than when it was examined');
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw changed(source, 'is gone');
    throw error;
  }
}

function changed(source: string, how: string): ProxyfsError {
  return new ProxyfsError(
    'job/source-changed',
    `source '${source}' ${how}: run the job again when nobody writes to it`,
  );
}
