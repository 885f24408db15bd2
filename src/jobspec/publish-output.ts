/**
 * Gives a finished file its final name: durable before and after, all at once, and never
 * over something that is there unless that is wanted.
 */

import { link, lstat, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, syncFile } from '../base/atomic-file.js';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';

/** Answers of file systems without hard links (exFAT, some network shares). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Rejects with 'job/output-exists', or the error of the system. */
export async function publishOutput(temporary: RealPath, output: RealPath, overwrite: boolean): Promise<void> {
  await syncFile(temporary);
  if (overwrite) await rename(temporary, output);
  else await renameToFreeName(temporary, output);
  await syncDirectory(dirname(output));
}

/** link(2) fails where the name is taken; rename(2) would replace what is there. */
async function renameToFreeName(temporary: RealPath, output: RealPath): Promise<void> {
  try {
    await link(temporary, output);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') throw taken(output);
    if (errno === undefined || !NO_LINKS.has(errno)) throw error;
    return await renameWithoutLinks(temporary, output);
  }
  await unlink(temporary);
}

/** A name that is taken between the look and the rename is lost: such a file system offers nothing better. */
async function renameWithoutLinks(temporary: RealPath, output: RealPath): Promise<void> {
  const isFree = await lstat(output).then(
    () => false,
    (error: unknown) => errnoOf(error) === 'ENOENT',
  );
  if (!isFree) throw taken(output);
  await rename(temporary, output);
}

function taken(output: RealPath): ProxyfsError {
  const message = `'${output}' appeared while the job ran, and is not replaced: say --output-exists overwrite, or remove it`;
  return new ProxyfsError('job/output-exists', message);
}
