/**
 * Reads proxies from the disk, so that they lie in memory when somebody plays them: a mount
 * with passthrough serves these same pages.
 *
 * What does not fit into the memory that is available is left out, since it would push out
 * what was read before. One file at a time, in the order that was asked for.
 */

import { open, readFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { errnoOf } from '../../src/base/error.js';
import type { AssetId } from '../../src/base/ids.js';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Result } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';

const CHUNK = 4 << 20;
/** Of the memory that is available: the rest is for those who work. */
const SHARE = 0.7;

interface Readable {
  readonly path: VirtualPath;
  readonly file: RealPath;
  readonly size: number;
}

export async function readProxies(
  daemon: Daemon,
  ids: readonly AssetId[],
  profiles: readonly string[] | undefined,
  { progress, signal }: CallContext,
): Promise<NonNullable<Result<'prewarm'>['read']>> {
  const wanted = readable(daemon, ids, profiles);
  const budget = (await availableMemory()) * SHARE;
  const fitting = firstThatFit(wanted, budget);
  const bytesTotal = sizeOf(fitting);
  const buffer = Buffer.allocUnsafe(CHUNK);
  let [files, bytes] = [0, 0];
  for (const { path, file } of fitting) {
    const read = await readThrough(file, buffer, signal, (more) => {
      bytes += more;
      progress({
        kind: 'read',
        filesDone: files,
        filesTotal: fitting.length,
        bytesDone: bytes,
        bytesTotal,
        current: path,
      });
    });
    if (read) files += 1;
  }
  return { files, bytes, left: wanted.length - fitting.length };
}

function readable({ files, profileOf }: Daemon, ids: readonly AssetId[], profiles?: readonly string[]): Readable[] {
  const { catalog, pool } = files;
  return ids.flatMap((id) => {
    const [path] = catalog.get(id)?.paths ?? [];
    if (path === undefined) return [];
    const names = profiles ?? [profileOf([path])];
    const variants = catalog.variantsOf(id).filter(({ profile }) => names.includes(profile));
    return variants.map(({ poolKey, extension, size }) => ({ path, file: pool.fileOf(poolKey, extension), size }));
  });
}

function firstThatFit(wanted: readonly Readable[], budget: number): readonly Readable[] {
  let left = budget;
  const end = wanted.findIndex(({ size }) => {
    left -= size;
    return left < 0;
  });
  return end < 0 ? wanted : wanted.slice(0, end);
}

/** False for one that was removed meanwhile. */
async function readThrough(
  file: RealPath,
  buffer: Buffer,
  signal: AbortSignal,
  onRead: (bytes: number) => void,
): Promise<boolean> {
  const handle = await unlessGone(open(file, 'r'));
  if (handle === undefined) return false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return true;
      onRead(bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function unlessGone<T>(opening: Promise<T>): Promise<T | undefined> {
  return await opening.catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** What Linux calls available counts pages of files that may go. */
async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

const sizeOf = (files: readonly Readable[]): number => files.reduce((sum, { size }) => sum + size, 0);
