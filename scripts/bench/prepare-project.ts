/** Projects of any size in seconds: catalog and pool are written as a scan, or a finished generation, leaves them. */

import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import type { Fingerprint, PoolKey } from '../../src/base/ids.js';
import { type RealPath, toRealPath, toVirtualPath } from '../../src/base/paths.js';
import type { Catalog } from '../../src/catalog/catalog.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { blake3OfParts } from '../../src/fingerprint/blake3.js';
import { openPool } from '../../src/pool/directory-pool.js';
import type { Pool } from '../../src/pool/pool.js';
import type { MediaInfo } from '../../src/probe/media-info.js';
import { openDatabase } from '../../src/store/database.js';
import { makeManyFiles } from './sample-tree.js';

const PROFILE = 'edit';
const BATCH = 500;

export interface PreparedProject {
  readonly source: string;
  readonly mountPoint: string;
  readonly state: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface ProjectShape {
  readonly assets: number;
  /** Files that are no assets. */
  readonly others?: number;
  /** What is known of each clip; without it there is a proxy of each, and nothing to make. */
  readonly media?: MediaInfo;
}

export async function prepareProject(
  folder: string,
  { assets, others = 0, media }: ProjectShape,
): Promise<PreparedProject> {
  const [source, mountPoint, state] = [join(folder, 'source'), join(folder, 'mount'), join(folder, 'state')];
  for (const each of [source, mountPoint, state]) await mkdir(each, { recursive: true });
  const clips = await makeManyFiles(join(source, 'footage'), assets, Buffer.from('master'));
  await makeManyFiles(join(source, 'other'), others, Buffer.from('other'), '.bin');
  await describeAll(toRealPath(source), clips, toRealPath(state), media);
  const env = { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run'), PROXYFS_WORKERS: '0', PROXYFS_SETTLE_MS: '0' };
  return { source, mountPoint, state, env };
}

async function describeAll(source: RealPath, clips: readonly string[], state: RealPath, media?: MediaInfo) {
  const database = openDatabase(join(state, 'catalog.db') as RealPath);
  const catalog = createCatalog(database);
  const pool = await openPool(join(state, 'pool') as RealPath);
  try {
    for (let at = 0; at < clips.length; at += BATCH) {
      const files = await Promise.all(clips.slice(at, at + BATCH).map((clip) => foundFile(source, clip)));
      const proxies = database.transaction(() =>
        catalog.observeAll(files).map(({ id }) => {
          const fingerprint = blake3OfParts([source, String(id)]) as Fingerprint;
          const facts = { fingerprint, media: media ?? UNREAD, eligibility: { kind: 'eligible' } } as const;
          const asset = catalog.describe(id, facts);
          return media === undefined ? recordProxy(asset, fingerprint, catalog, pool) : undefined;
        }),
      );
      await Promise.all(proxies.map((file) => file && writeProxy(file)));
    }
  } finally {
    catalog.close();
  }
}

function recordProxy(asset: ReturnType<Catalog['describe']>, fingerprint: Fingerprint, catalog: Catalog, pool: Pool) {
  const poolKey = fingerprint as string as PoolKey;
  const variant = { asset: asset.id, profile: PROFILE, poolKey, extension: '.mov', size: 5, guard: asset.master };
  catalog.recordVariant(variant);
  return pool.fileOf(poolKey, '.mov');
}

async function writeProxy(file: RealPath): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, 'proxy');
}

/** What is known of a clip, as far as a daemon that makes nothing looks at it. */
const UNREAD: MediaInfo = {
  format: 'mov,mp4,m4a,3gp,3g2,mj2',
  duration: undefined,
  streams: [],
  timecode: undefined,
  reel: undefined,
  tags: {},
};

async function foundFile(source: RealPath, file: string) {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  return { path: toVirtualPath(relative(source, file)), identity: { dev, ino }, master: { size, mtimeNs } };
}
