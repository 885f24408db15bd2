/**
 * `assert`: whether every media file below the paths is served in a mode, for render scripts.
 *
 * The files are those that are there now, found by walking the source: a clip that was
 * moved in a moment ago is checked by its identity, as the mount serves it. A symbolic link is
 * what it leads to; a folder behind one is walked only when it was named, since otherwise it is
 * walked under its own name, or is none of the folder's.
 */

import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, ProxyfsError } from '../../src/base/error.js';
import { extensionOf } from '../../src/base/media-extension.js';
import { ROOT, realPathOf, type VirtualPath } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import { isMediaExtension } from '../../src/probe/media-extensions.js';
import type { Mode } from '../../src/view/mode.js';
import type { Daemon } from '../daemon.js';
import { HIDDEN_NAME } from '../project-files.js';
import { entryOf, servedOf } from '../served.js';
import { behindLinks } from './linked-target.js';
import { existingPath } from './paths.js';

/** Enough for a log; the count is always of all. */
const MAX_LISTED = 1000;
const SLASH = Buffer.from('/');

interface Tally {
  readonly mode: Mode;
  readonly seen: Set<VirtualPath>;
  readonly wrong: { path: string; variant: Mode; reason: string }[];
  wrongCount: number;
}

export async function assertServed(
  daemon: Daemon,
  { mode, paths }: Params<'assert'>,
  { signal }: CallContext,
): Promise<Result<'assert'>> {
  const tally: Tally = { mode, seen: new Set(), wrong: [], wrongCount: 0 };
  for (const text of paths) {
    const { path, stat } = await behindLinks(daemon, await existingPath(daemon, text));
    if (stat.isDirectory()) await checkFolder(daemon, path, tally, signal);
    else checkFile(daemon, path, stat, tally);
  }
  const { seen, wrong, wrongCount } = tally;
  return { checked: seen.size, wrong, wrongCount };
}

async function checkFolder(daemon: Daemon, folder: VirtualPath, tally: Tally, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await checkBelow(daemon, { path: folder, real: Buffer.from(realPathOf(daemon.place.source, folder)) }, tally, signal);
}

/** A path in the bytes of the disk, which need not be text, and as people read it. */
interface Spot {
  readonly path: VirtualPath;
  readonly real: Buffer;
}

async function checkBelow(daemon: Daemon, folder: Spot, tally: Tally, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const children = await readdir(folder.real, { withFileTypes: true, encoding: 'buffer' });
  for (const child of children.sort((a, b) => Buffer.compare(a.name, b.name))) {
    const name = child.name.toString('utf8');
    if (folder.path === ROOT && name === HIDDEN_NAME) continue;
    const spot = {
      path: join(folder.path, name) as VirtualPath,
      real: Buffer.concat([folder.real, SLASH, child.name]),
    };
    if (child.isDirectory()) await checkBelow(daemon, spot, tally, signal);
    else if (child.isFile()) await checkSpot(daemon, spot, tally);
    else if (child.isSymbolicLink()) await checkLink(daemon, spot, tally);
  }
}

async function checkSpot(daemon: Daemon, { path, real }: Spot, tally: Tally): Promise<void> {
  try {
    checkFile(daemon, path, await lstat(real, { bigint: true }), tally);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

async function checkLink(daemon: Daemon, { path, real }: Spot, tally: Tally): Promise<void> {
  try {
    const found = await behindLinks(daemon, { path, stat: await lstat(real, { bigint: true }) });
    if (found.stat.isFile()) checkFile(daemon, found.path, found.stat, tally);
  } catch (error) {
    const isNowhere = errnoOf(error) === 'ENOENT' || (error instanceof ProxyfsError && error.code === 'path/missing');
    const isElsewhere = error instanceof ProxyfsError && error.code === 'path/outside-project';
    if (!isNowhere && !isElsewhere) throw error;
    if (!isElsewhere || tally.mode === 'master' || !isMediaExtension(extensionOf(path))) return;
    addWrong(tally, {
      path,
      variant: 'master',
      reason: 'it is a link out of the project: what it leads to has no proxy',
    });
  }
}

/** Files that are no media have one content, which is right in every mode. */
function checkFile(daemon: Daemon, path: VirtualPath, stat: BigIntStats, tally: Tally): void {
  const { entry, isProxy } = entryOf(daemon, stat);
  if (tally.seen.has(path) || (entry === undefined && !isMediaExtension(extensionOf(path)))) return;
  tally.seen.add(path);
  const variant = isProxy ? 'proxy' : 'master';
  const isDenied = entry?.swap.kind === 'deny';
  if (variant === tally.mode && !isDenied) return;
  addWrong(tally, { path, variant, reason: servedOf(daemon, path, stat).reason });
}

function addWrong(tally: Tally, wrong: Tally['wrong'][number]): void {
  tally.seen.add(wrong.path as VirtualPath);
  tally.wrongCount += 1;
  if (tally.wrong.length < MAX_LISTED) tally.wrong.push(wrong);
}
