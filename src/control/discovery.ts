/**
 * Finding running daemons by their records, and keeping those records true.
 *
 * No daemon is asked and no path below a mount is touched: a path is matched as
 * text first, and symbolic links are resolved only when that finds nothing.
 * Records of processes that are gone are removed by whoever meets them.
 */

import { readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomic } from '../base/atomic-file.js';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { makeDirectory } from '../base/make-directory.js';
import { virtualPathBelow } from '../base/paths.js';
import { isProcessAlive } from '../base/process-alive.js';
import { runtimeDir } from '../config/locations.js';
import { type RuntimeRecord, runtimeRecordSchema } from './runtime-record.js';

/** A daemon that died comes back within this time, or does not. */
const RETURN_WITHIN_MS = 15_000;
const RETURN_POLL_MS = 50;
/** sun_path holds 108 bytes with its terminator; a longer path would be cut off. */
const MAX_SOCKET_PATH = 107;

/**
 * The running project that `path` (default: `cwd`) belongs to: a path inside its
 * source or mount point, or its id. A daemon that its guardian is bringing back is
 * waited for. Rejects with `project/not-found`.
 */
export async function findProject(path: string | undefined, cwd: string, dir?: string): Promise<RuntimeRecord> {
  const records = await currentRecords(dir);
  const byId = records.find((record) => record.project === path);
  const asked = resolve(cwd, path ?? '.');
  const record = byId ?? matchRecord(records, asked) ?? matchRecord(records, await followLinks(asked));
  const living = record && (await whenBack(record, dir));
  if (living) return living;
  throw notFound(asked, records.filter(isServing));
}

/** Records of daemons that are alive; those of the dead are removed. */
export async function listRecords(dir: string = runtimeDir()): Promise<readonly RuntimeRecord[]> {
  return (await currentRecords(dir)).filter(isServing);
}

/** Records of daemons that are alive or will be again; the others are removed. */
async function currentRecords(dir: string = runtimeDir()): Promise<readonly RuntimeRecord[]> {
  const records: RuntimeRecord[] = [];
  for (const name of await namesIn(dir)) {
    if (!name.endsWith('.json')) continue;
    const record = await readRecord(join(dir, name));
    if (record && (isServing(record) || isReturning(record))) records.push(record);
    else if (record) await removeRecord(record, dir);
  }
  return records;
}

/** Creates the runtime directory for its owner alone, and publishes the record. */
export async function writeRecord(record: RuntimeRecord, dir: string = runtimeDir()): Promise<void> {
  await makeDirectory(dir, 0o700);
  await writeFileAtomic(recordFile(record.project, dir), `${JSON.stringify(record)}\n`, 0o600);
}

/** Removes a record and its socket, unless another process has taken the project over. */
export async function removeRecord(record: RuntimeRecord, dir: string = runtimeDir()): Promise<void> {
  const file = recordFile(record.project, dir);
  const now = await readRecord(file);
  if (now && now.pid !== record.pid) return;
  await rm(file, { force: true });
  await rm(record.socket, { force: true });
}

/** Where a project's daemon listens; a runtime directory with too long a name gets a short stand-in. */
export function socketPathOf(project: string, dir: string = runtimeDir()): string {
  const path = join(dir, `${project}.sock`);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  return join(tmpdir(), `proxyfs-${userInfo().uid}`, `${project}.sock`);
}

/** The record once its daemon serves; undefined when it does not come back. */
async function whenBack(record: RuntimeRecord, dir: string = runtimeDir()): Promise<RuntimeRecord | undefined> {
  const deadline = Date.now() + RETURN_WITHIN_MS;
  let now: RuntimeRecord | undefined = record;
  while (now && !isServing(now)) {
    if (!isReturning(now) || Date.now() > deadline) return undefined;
    await sleep(RETURN_POLL_MS);
    now = await readRecord(recordFile(record.project, dir));
  }
  return now;
}

function isServing({ pid }: RuntimeRecord): boolean {
  return isProcessAlive(pid);
}

function isReturning({ guardian }: RuntimeRecord): boolean {
  return guardian !== undefined && isProcessAlive(guardian);
}

function recordFile(project: string, dir: string): string {
  return join(dir, `${project}.json`);
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** undefined for a file that is gone or is no record: a foreign file is left alone. */
async function readRecord(file: string): Promise<RuntimeRecord | undefined> {
  try {
    return runtimeRecordSchema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The record with the longest source or mount point that `path` is at or below. */
function matchRecord(records: readonly RuntimeRecord[], path: string): RuntimeRecord | undefined {
  const matches = records
    .flatMap((record) => [record.mountPoint, record.source].map((root) => ({ record, root })))
    .filter(({ root }) => virtualPathBelow(root, path) !== undefined)
    .sort((a, b) => b.root.length - a.root.length);
  const best = matches[0];
  const rivals = matches.filter((match) => match.root === best?.root);
  if (rivals.length > 1)
    throw ambiguous(
      path,
      rivals.map(({ record }) => record),
    );
  return best?.record;
}

/** `path` without symbolic links, or as it is when that takes long (a dead mount) or fails. */
async function followLinks(path: string): Promise<string> {
  const giveUp = new AbortController();
  const asIs = sleep(2000, path, { signal: giveUp.signal, ref: false }).catch(() => path);
  const real = realpath(path).catch(() => path);
  const result = await Promise.race([real, asIs]);
  giveUp.abort();
  return result;
}

function notFound(path: string, records: readonly RuntimeRecord[]): ProxyfsError {
  const running = records.map((record) => record.mountPoint);
  const wayOut =
    running.length === 0
      ? "nothing is mounted: use 'proxyfs mount SOURCE MOUNTPOINT' first"
      : `go into one of the mounted projects or name it with --project (${running.join(', ')})`;
  return new ProxyfsError('project/not-found', `${path} belongs to no mounted project; ${wayOut}`, {
    details: { path, running },
  });
}

function ambiguous(path: string, records: readonly RuntimeRecord[]): ProxyfsError {
  const mounts = records.map((record) => record.mountPoint);
  const message = `${path} is the source of several mounts; name one with --project (${mounts.join(', ')})`;
  return new ProxyfsError('project/not-found', message, { details: { path, running: mounts } });
}
