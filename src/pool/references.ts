/**
 * Which project uses which proxy of a shared pool: below `users`, a folder per project with
 * an empty file per key, and the project's own record, which its daemon renews.
 *
 * The rule: a project says that it uses a proxy *before* it looks whether the proxy is there;
 * whoever removes one takes the manifest away first and looks for users *afterwards* (and puts
 * it back when there are any). So of two daemons at the same moment either the remover sees
 * the user, or the user sees no proxy and makes its own. A project whose record was not renewed for
 * 90 days (its disk was given away, nobody mounts it) keeps nobody from removing.
 */

import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';

const ABANDONED_MS = 90 * 86_400_000;
const RECORD = 'project';
const KEY = /^[0-9a-f]{64}$/;
/** The first two digits of a key. */
const SHARDS = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'));

export class References {
  readonly #users: string;

  /** Without a project nothing is said, and everybody counts as another. */
  constructor(
    directory: RealPath,
    private readonly project: string | undefined,
  ) {
    this.#users = join(directory, 'users');
  }

  async claim(key: PoolKey): Promise<void> {
    if (this.project === undefined) return;
    await this.renew();
    await touch(fileIn(this.#folderOf(this.project), key));
  }

  async release(key: PoolKey): Promise<void> {
    if (this.project !== undefined) await rm(fileIn(this.#folderOf(this.project), key), { force: true });
  }

  /** The project is alive. */
  async renew(now = new Date()): Promise<void> {
    if (this.project === undefined) return;
    const record = join(this.#users, this.project, RECORD);
    try {
      await utimes(record, now, now);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await touch(record);
    }
  }

  /** Makes what is said equal to what is so: folder by folder, since all keys of a large project are much memory. */
  async sync(keysOf: (shard: string) => ReadonlySet<PoolKey>): Promise<void> {
    if (this.project === undefined) return;
    await this.renew();
    const folder = this.#folderOf(this.project);
    for (const shard of SHARDS) {
      const said = new Set(await keysIn(join(folder, shard)));
      const keys = keysOf(shard);
      for (const key of keys) if (!said.has(key)) await touch(fileIn(folder, key));
      for (const key of said) if (!keys.has(key)) await this.release(key);
    }
  }

  /** All keys that living projects use, but for this one. */
  async usedByOthers(now = Date.now()): Promise<ReadonlySet<PoolKey>> {
    const keys = new Set<PoolKey>();
    for (const other of await this.#others(now)) for (const key of await this.#keysOf(other)) keys.add(key);
    return keys;
  }

  /** Those of this project, too. */
  async all(now = Date.now()): Promise<ReadonlySet<PoolKey>> {
    const own = this.project === undefined ? [] : await this.#keysOf(this.project);
    return new Set([...own, ...(await this.usedByOthers(now))]);
  }

  async isUsedByOthers(key: PoolKey, now = Date.now()): Promise<boolean> {
    for (const other of await this.#others(now)) {
      if (await isThere(fileIn(this.#folderOf(other), key))) return true;
    }
    return false;
  }

  async #others(now: number): Promise<readonly string[]> {
    const names = await namesIn(this.#users);
    const living: string[] = [];
    for (const name of names) {
      if (name === this.project) continue;
      const record = await stat(join(this.#users, name, RECORD)).catch(() => undefined);
      if (record !== undefined && now - record.mtimeMs < ABANDONED_MS) living.push(name);
    }
    return living;
  }

  async #keysOf(project: string): Promise<Set<PoolKey>> {
    const keys = new Set<PoolKey>();
    const folder = this.#folderOf(project);
    for (const shard of await namesIn(folder)) {
      if (shard.length === 2) for (const key of await keysIn(join(folder, shard))) keys.add(key);
    }
    return keys;
  }

  #folderOf(project: string): string {
    return join(this.#users, project);
  }
}

const fileIn = (folder: string, key: PoolKey): string => join(folder, key.slice(0, 2), key);

async function keysIn(shard: string): Promise<readonly PoolKey[]> {
  return (await namesIn(shard)).filter((name) => KEY.test(name)) as PoolKey[];
}

async function touch(path: string): Promise<void> {
  try {
    await (await open(path, 'a')).close();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(join(path, '..'), { recursive: true });
    await (await open(path, 'a')).close();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return [];
    throw error;
  }
}
