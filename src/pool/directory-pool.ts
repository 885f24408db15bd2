/**
 * The pool as a directory. A proxy counts as published when its manifest is there and the
 * file has the size the manifest states; both arrive by rename, the manifest last, so a
 * process killed at any point leaves either a published proxy or nothing anybody sees.
 *
 * Concurrency: any number of processes may publish. Two that publish one key at the same
 * moment both bring a complete, validated proxy of the same master; one of them stays.
 */

import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, syncFile } from '../base/atomic-file.js';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { PoolKey, ProjectId } from '../base/ids.js';
import { invariant } from '../base/invariant.js';
import { makeDirectory } from '../base/make-directory.js';
import type { RealPath } from '../base/paths.js';
import type { Manifest } from './manifest.js';
import { encodeManifest } from './manifest-codec.js';
import { listKeys, readManifest, readManifests } from './manifest-files.js';
import { formatOwner, thisMachine, thisProcess } from './owner.js';
import type { Beside, Pool, PoolSpace } from './pool.js';
import { poolError } from './pool-error.js';
import { References } from './references.js';
import { listSegmentFolders } from './segment-folders.js';
import { sweepPool } from './sweep.js';
import { DAY_MS, listUnclaimed, type Unclaimed } from './unclaimed.js';
import { sizeOf, UsedSpace } from './used-space.js';

/** Creates the directory when it is missing. Throws `system/*` when it cannot be written. `project`: in whose name it is used. */
export async function openPool(directory: RealPath, project?: ProjectId): Promise<Pool> {
  try {
    await makeDirectory(join(directory, 'objects'));
    await makeDirectory(join(directory, 'tmp'));
    const pool = new DirectoryPool(directory, project);
    await pool.assertWritable();
    return pool;
  } catch (error) {
    throw poolError(error, directory);
  }
}

class DirectoryPool implements Pool {
  readonly #used: UsedSpace;
  readonly #references: References;
  readonly #objects: string;

  constructor(
    readonly directory: RealPath,
    project: ProjectId | undefined,
  ) {
    // Two workstations may know one source under the same name, and with it the same project.
    this.#references = new References(directory, project === undefined ? undefined : `${project}-${thisMachine()}`);
    this.#objects = join(directory, 'objects');
    this.#used = new UsedSpace(this.#objects as RealPath);
  }

  /** Makes and removes an empty file: mode bits say nothing about read-only mounts and network shares. */
  async assertWritable(): Promise<void> {
    const trial = this.temporary('trial', '.json');
    try {
      await writeAndSync(trial, '');
    } finally {
      await rm(trial, { force: true });
    }
  }

  fileOf(key: PoolKey, extension: string): RealPath {
    // Of a hundred thousand in a row: normalising what is normal would take most of the time.
    return `${this.#objects}/${key.slice(0, 2)}/${key}${extension}` as RealPath;
  }

  async find(key: PoolKey): Promise<Manifest | undefined> {
    const found = await readManifest(this.#shardOf(key), key);
    // A damaged one is not published: making the proxy again replaces it.
    return found.kind === 'manifest' ? found.manifest : undefined;
  }

  temporary(owner: string, extension: string): RealPath {
    invariant(/^[\w-]+$/.test(owner), `'${owner}' can be part of a file name`);
    const name = `${owner}.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}${extension}`;
    return join(this.directory, 'tmp', name) as RealPath;
  }

  async publish(temporary: RealPath, manifest: Manifest, beside: readonly Beside[] = []): Promise<RealPath> {
    const target = this.fileOf(manifest.poolKey, manifest.output.extension);
    try {
      await this.claim(manifest.poolKey);
      if ((await this.find(manifest.poolKey)) === undefined) {
        await this.#publishNew(temporary, target, { manifest, beside });
      } else await rm(temporary, { force: true });
      return target;
    } catch (error) {
      throw poolError(error, this.directory);
    }
  }

  async sweep(): Promise<number> {
    return await sweepPool(this.directory);
  }

  async keys(): Promise<ReadonlySet<PoolKey>> {
    return await listKeys(join(this.directory, 'objects') as RealPath);
  }

  manifests(onDamaged: (path: RealPath, reason: string) => void): AsyncIterable<Manifest> {
    return readManifests(join(this.directory, 'objects') as RealPath, onDamaged);
  }

  /** The manifest goes first: from then on nobody takes the file for published. */
  async remove(key: PoolKey): Promise<void> {
    const shard = this.#shardOf(key);
    try {
      await rm(join(shard, `${key}.json`), { force: true });
      const names = await readdir(shard);
      // Also what somebody has put in its place: a folder.
      await Promise.all(
        names
          .filter((name) => name.startsWith(`${key}.`))
          .map(async (name) => await rm(join(shard, name), { recursive: true })),
      );
      await syncDirectory(shard);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw poolError(error, this.directory);
    }
  }

  async claim(key: PoolKey): Promise<void> {
    await this.#references.claim(key);
  }

  async release(key: PoolKey): Promise<boolean> {
    const shard = this.#shardOf(key);
    const manifest = join(shard, `${key}.json`);
    const aside = this.temporary('removed', '.json');
    await this.#references.release(key);
    const wasPublished = await unlessMissing(rename(manifest, aside));
    try {
      // Looked for only now: whoever says so later finds no manifest, and makes a proxy of its own.
      if (!(await this.#references.isUsedByOthers(key))) {
        await this.remove(key);
        return true;
      }
      // Whoever published meanwhile keeps its own.
      if (wasPublished) await unlessThere(link(aside, manifest));
      return false;
    } finally {
      await rm(aside, { force: true });
    }
  }

  async syncClaims(keysOf: (beginning: string) => ReadonlySet<PoolKey>): Promise<void> {
    await this.#references.sync(keysOf);
  }

  async usedByOthers(): Promise<ReadonlySet<PoolKey>> {
    return await this.#references.usedByOthers();
  }

  async unclaimed(own: ReadonlySet<PoolKey>, now = Date.now()): Promise<readonly Unclaimed[]> {
    const claimed = new Set([...own, ...(await this.#references.all(now))]);
    return await listUnclaimed(join(this.directory, 'objects') as RealPath, claimed, now);
  }

  async isReachable(): Promise<boolean> {
    return await stat(join(this.directory, 'objects')).then(
      (found) => found.isDirectory(),
      () => false,
    );
  }

  async weigh(key: PoolKey): Promise<number> {
    const shard = this.#shardOf(key);
    try {
      const names = (await readdir(shard)).filter((name) => name.startsWith(`${key}.`));
      const sizes = await Promise.all(names.map((name) => sizeOf(join(shard, name))));
      return sizes.reduce((sum, size) => sum + size, 0);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 0;
      throw poolError(error, this.directory);
    }
  }

  async abandonedSegments(goingOn: ReadonlySet<PoolKey>, now = Date.now()): Promise<readonly Unclaimed[]> {
    const folders = await listSegmentFolders(this.directory);
    return folders.filter(({ key, at }) => !goingOn.has(key) && now - at > DAY_MS);
  }

  async segments(): Promise<ReadonlyMap<PoolKey, number>> {
    return new Map((await listSegmentFolders(this.directory)).map(({ key, size }) => [key, size]));
  }

  async removeSegments(key: PoolKey): Promise<void> {
    await rm(join(this.directory, 'segments', key), { recursive: true, force: true });
  }

  async space(): Promise<PoolSpace> {
    const [proxies, folders, { bavail, blocks, bsize }] = await Promise.all([
      this.#used.measure(),
      listSegmentFolders(this.directory),
      statfs(this.directory),
    ]);
    const segments = folders.reduce((sum, { size }) => sum + size, 0);
    return { used: proxies + segments, segments, free: bavail * bsize, total: blocks * bsize };
  }

  async #publishNew(temporary: RealPath, target: RealPath, published: Published): Promise<void> {
    const { manifest, beside } = published;
    const { size } = await stat(temporary);
    if (size !== manifest.output.size) throw wrongSize(temporary, size, manifest);
    // Everything that needs space happens while both files still have their temporary names.
    for (const file of [temporary, ...beside.map((each) => each.temporary)]) {
      await syncFile(file);
      await chmod(file, 0o444);
    }
    const manifestPart = this.temporary('manifest', '.json');
    try {
      await writeAndSync(manifestPart, encodeManifest(manifest));
      const shard = this.#shardOf(manifest.poolKey);
      if ((await mkdir(shard, { recursive: true })) !== undefined) await syncDirectory(join(this.directory, 'objects'));
      for (const each of beside) await rename(each.temporary, join(shard, `${manifest.poolKey}${each.suffix}`));
      await rename(temporary, target);
      await rename(manifestPart, join(shard, `${manifest.poolKey}.json`));
      await syncDirectory(shard);
    } finally {
      await rm(manifestPart, { force: true });
    }
  }

  #shardOf(key: PoolKey): RealPath {
    return join(this.directory, 'objects', key.slice(0, 2)) as RealPath;
  }
}

interface Published {
  readonly manifest: Manifest;
  readonly beside: readonly Beside[];
}

/** Whether it was there. */
async function unlessMissing(action: Promise<void>): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function unlessThere(action: Promise<void>): Promise<void> {
  await action.catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
}

function wrongSize(temporary: RealPath, size: number, manifest: Manifest): ProxyfsError {
  return new ProxyfsError(
    'pool/damaged',
    `the finished proxy ${temporary} has ${size} bytes, its manifest says ${manifest.output.size}: ` +
      'it is not published; make it again',
    { details: { poolKey: manifest.poolKey } },
  );
}

async function writeAndSync(path: RealPath, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
