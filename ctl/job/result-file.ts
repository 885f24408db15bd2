/** The document that a job prints, and its copy in a file. */

import { constants } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../src/base/atomic-file.js';
import { errnoOf, ProxyfsError, toProxyfsError } from '../../src/base/error.js';
import { EXIT } from '../../src/base/exit-code.js';

export interface PrintedJob {
  readonly document: object;
  readonly exitCode: number;
  /** For people, on standard error. */
  readonly lines: readonly string[];
}

/** Before hours of work: rejects with 'request/invalid' when the file could not be written afterwards. */
export async function checkResultFile(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const refuse = (why: string) =>
    new ProxyfsError('request/invalid', `the result cannot be written to '${path}': ${why}`);
  try {
    if (!(await stat(dirname(path))).isDirectory()) throw refuse('its folder is a file');
    await access(dirname(path), constants.W_OK);
    if (!(await lstat(path)).isFile()) throw refuse('something that is no file has that name');
  } catch (error) {
    if (error instanceof ProxyfsError) throw error;
    const errno = errnoOf(error);
    if (errno === 'ENOENT' && (await stat(dirname(path)).catch(() => undefined)) !== undefined) return;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw refuse('its folder does not exist');
    throw refuse(`${errno ?? String(error)}`);
  }
}

/** A document that cannot be written is printed all the same, and said. */
export async function writeResultFile(printed: PrintedJob, path: string | undefined): Promise<PrintedJob> {
  if (path === undefined) return printed;
  try {
    await writeFileAtomic(path, `${JSON.stringify(printed.document, null, 2)}\n`);
    return printed;
  } catch (error) {
    const line = `the result could not be written to '${path}': ${toProxyfsError(error).message}`;
    return { ...printed, exitCode: printed.exitCode || EXIT.systemError, lines: [...printed.lines, line] };
  }
}
