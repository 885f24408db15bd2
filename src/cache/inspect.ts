/**
 * Whether a proxy is what was published: there, of its size, with its manifest, and every
 * byte of it. Returns what is wrong in a few words, undefined when nothing is.
 */

import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { CachedObject } from '../catalog/cache-book.js';
import type { Pool } from '../pool/pool.js';

/** The machine is short of something, or the disk went away as a whole: no verdict on the file. */
const NO_VERDICT = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EINTR', 'EAGAIN', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT']);

export type Hash = (file: RealPath) => Promise<string>;

/** Without `hash`, what a look at the directory tells. Rejects with `system/io` when the pool is not there. */
export async function inspect(pool: Pool, object: CachedObject, hash?: Hash): Promise<string | undefined> {
  const problem = await verdictOf(() => look(pool, object, hash));
  if (problem !== undefined && !(await pool.isReachable())) throw unreachable(pool);
  return problem;
}

async function look(pool: Pool, object: CachedObject, hash: Hash | undefined): Promise<string | undefined> {
  const file = pool.fileOf(object.key, object.extension);
  const wrong = shapeProblem(await lstat(file), object);
  if (wrong !== undefined) return wrong;
  const manifest = await pool.find(object.key);
  if (manifest === undefined) return 'its manifest is missing or damaged';
  if (hash === undefined) return undefined;
  const found = await hash(file);
  return found === manifest.output.blake3 ? undefined : 'its content is not what was validated (BLAKE3 differs)';
}

function shapeProblem(stat: Stats, { size }: CachedObject): string | undefined {
  if (!stat.isFile()) return 'something that is no file lies in its place';
  return stat.size === size ? undefined : `it has ${stat.size} bytes instead of ${size}`;
}

async function verdictOf(action: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await action();
  } catch (error) {
    const cause = error instanceof ProxyfsError ? (error.cause ?? error) : error;
    const errno = errnoOf(cause);
    if (errno === 'ENOENT') return 'its file is missing';
    if (errno !== undefined && !NO_VERDICT.has(errno)) return `it cannot be read (${errno})`;
    throw error;
  }
}

export function unreachable({ directory }: Pool): ProxyfsError {
  return new ProxyfsError(
    'system/io',
    `the pool ${directory} is not there: check that its disk is mounted; nothing was withdrawn`,
    { details: { directory } },
  );
}
