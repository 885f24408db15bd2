/**
 * The four folders of a watch folder, made when missing and tried out before anything is taken.
 *
 * A spec changes folder by rename alone, so all four have to be on one file system, and a
 * trial at the start proves it: same device is not enough (a bind mount has the same one).
 * Any number of watchers may open one folder at the same time.
 */

import { link, lstat, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, errnoOf, ProxyfsError } from '../base/error.js';
import { makeDirectory } from '../base/make-directory.js';
import type { RealPath } from '../base/paths.js';
import { sweepTrials, trialName } from './trial.js';

export const FOLDERS = ['pending', 'running', 'completed', 'failed'] as const;
export type FolderName = (typeof FOLDERS)[number];
/** Where a spec ends. */
export type EndFolder = 'completed' | 'failed';

export interface Layout extends Readonly<Record<FolderName, RealPath>> {
  readonly root: RealPath;
  /** Whether a second name of one file can be made here; without it a result is put in place by rename. */
  readonly hasLinks: boolean;
  /** Clock of the storage minus ours, in milliseconds: file times are the storage's. */
  readonly clockOffsetMs: number;
}

/** Rejects with a sentence when the folder cannot be watched. */
export async function openLayout(root: RealPath): Promise<Layout> {
  await assertDirectory(root, 'make it, or name another', 'source/missing');
  const paths = Object.fromEntries(FOLDERS.map((name) => [name, join(root, name)])) as Record<FolderName, RealPath>;
  for (const name of FOLDERS) {
    await makeDirectory(paths[name]);
    await assertDirectory(paths[name], 'replace it by a folder', 'source/not-a-directory');
  }
  for (const name of FOLDERS) await sweepTrials(paths[name]);
  return { root, ...paths, ...(await tryOut(root, paths)) };
}

async function assertDirectory(path: string, wayOut: string, missing: ErrorCode): Promise<void> {
  const found = await lstat(path).catch((cause: unknown) => {
    const gone = errnoOf(cause) === 'ENOENT';
    throw new ProxyfsError(
      gone ? missing : 'system/io',
      `the folder ${path} ${gone ? 'is not there' : 'cannot be read'}: ${wayOut}`,
      { cause },
    );
  });
  // The folder itself may be reached by a link; its four folders may not, since a link can leave the file system.
  const isLinkToRoot = found.isSymbolicLink() && missing === 'source/missing';
  if (found.isDirectory() || isLinkToRoot) return;
  const what = found.isSymbolicLink() ? 'a symbolic link' : 'no folder';
  throw new ProxyfsError('source/not-a-directory', `${path} is ${what}: ${wayOut}`);
}

/** Sends a small file the way of a spec, under a name that no watcher takes. */
async function tryOut(
  root: string,
  paths: Record<FolderName, RealPath>,
): Promise<Pick<Layout, 'hasLinks' | 'clockOffsetMs'>> {
  const name = trialName();
  let at: FolderName = 'pending';
  try {
    const before = Date.now();
    await writeFile(join(paths.pending, name), 'trial', { flag: 'wx' });
    const clockOffsetMs = (await lstat(join(paths.pending, name))).mtimeMs - (before + Date.now()) / 2;
    for (const next of ['running', 'completed', 'failed', 'pending'] as const) {
      await rename(join(paths[at], name), join(paths[next], name)).catch((error: unknown) => {
        throw cannotMove(error, paths[at], paths[next]);
      });
      at = next;
    }
    return { hasLinks: await canLink(join(paths.pending, name)), clockOffsetMs };
  } catch (error) {
    throw error instanceof ProxyfsError ? error : notWritable(root, error);
  } finally {
    await rm(join(paths[at], name), { force: true });
  }
}

async function canLink(path: string): Promise<boolean> {
  try {
    await link(path, `${path}.2`);
    await unlink(`${path}.2`);
    return true;
  } catch (error) {
    const unsupported = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];
    if (unsupported.includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

function cannotMove(cause: unknown, from: string, to: string): ProxyfsError {
  if (errnoOf(cause) !== 'EXDEV') return notWritable(to, cause);
  const message = `a spec cannot be renamed from ${from} to ${to}: they are on different file systems; keep the four folders on one`;
  return new ProxyfsError('request/invalid', message, { cause });
}

/** The folder cannot be written, or not any more: nothing more can be done there. */
export function notWritable(path: string, cause: unknown): ProxyfsError {
  const errno = errnoOf(cause) ?? String(cause);
  const details = { path };
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new ProxyfsError('system/no-space', `${path} cannot be written: its disk is full; free some space`, {
      cause,
      details,
    });
  if (errno === 'EROFS')
    return new ProxyfsError(
      'system/permission',
      `${path} cannot be written: its disk is read-only; name one elsewhere`,
      { cause, details },
    );
  if (errno === 'EACCES' || errno === 'EPERM')
    return new ProxyfsError('system/permission', `${path} cannot be written: ask for access, or name another`, {
      cause,
      details,
    });
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new ProxyfsError('system/io', `${path} is gone: bring it back and start again`, { cause, details });
  return new ProxyfsError('system/io', `${path} cannot be used (${errno}): check its disk, and start again`, {
    cause,
    details,
  });
}
