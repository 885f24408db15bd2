/** The document that a job prints, and its copy in a file. */

import { constants } from 'node:fs';
import { access, lstat, open, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { writeFileAtomic } from '../../src/base/atomic-file.js';
import { errnoOf, ProxyfsError, toProxyfsError } from '../../src/base/error.js';
import { EXIT } from '../../src/base/exit-code.js';

export interface PrintedJob {
  readonly document: object;
  readonly exitCode: number;
  /** For people, on standard error. */
  readonly lines: readonly string[];
}

/** What every document of a job begins with. */
const BEGINNING = /^\s*\{\s*"(result|verification)_version"/;

/**
 * Before hours of work: rejects with 'request/invalid' when the file could not be written afterwards,
 * or when something else would be lost by that: a source, an output or the spec.
 */
export async function checkResultFile(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const refuse = (why: string) =>
    new ProxyfsError('request/invalid', `the result cannot be written to '${path}': ${why}`);
  // No clip is called so, and no output.
  if (extname(path).toLowerCase() !== '.json') throw refuse('its name has to end in .json');
  try {
    if (!(await stat(dirname(path))).isDirectory()) throw refuse('its folder is a file');
    await access(dirname(path), constants.W_OK);
    if (!(await lstat(path)).isFile()) throw refuse('something that is no file has that name');
    if (!(await isReplaceable(path))) throw refuse('that file is no result of a job, and would be lost');
  } catch (error) {
    if (error instanceof ProxyfsError) throw error;
    const errno = errnoOf(error);
    if (errno === 'ENOENT' && (await stat(dirname(path)).catch(() => undefined)) !== undefined) return;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw refuse('its folder does not exist');
    throw refuse(`${errno ?? String(error)}`);
  }
}

async function isReplaceable(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return bytesRead === 0 || BEGINNING.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
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
