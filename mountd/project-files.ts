/**
 * Where a project keeps its files, and opening them: catalog, queue and pool.
 *
 * The catalog's lock makes this process the project's only daemon.
 */

import { join } from 'node:path';
import { writeFileAtomic } from '../src/base/atomic-file.js';
import { ProxyfsError } from '../src/base/error.js';
import type { ProjectId } from '../src/base/ids.js';
import { makeDirectory } from '../src/base/make-directory.js';
import { type RealPath, virtualPathBelow } from '../src/base/paths.js';
import type { CacheBook } from '../src/catalog/cache-book.js';
import { createCacheBook } from '../src/catalog/cache-rows.js';
import type { Catalog } from '../src/catalog/catalog.js';
import { createCatalog } from '../src/catalog/sqlite-catalog.js';
import { type Locations, locationsOf, projectIdOf } from '../src/config/locations.js';
import type { DaemonOptions } from '../src/control/daemon-options.js';
import { listRecords } from '../src/control/discovery.js';
import type { JobQueue } from '../src/jobs/queue.js';
import { createQueue } from '../src/jobs/sqlite-queue.js';
import type { Journal } from '../src/journal/journal.js';
import { openJournal } from '../src/journal/sqlite-journal.js';
import type { Logger } from '../src/log/logger.js';
import { LookStore } from '../src/looks/look-store.js';
import { openPool } from '../src/pool/directory-pool.js';
import type { Pool } from '../src/pool/pool.js';
import { openDatabase } from '../src/store/database.js';
import { alreadyMounted, type Place } from './preflight.js';

/** The one folder of a source that may hold state; it does not exist in the mount. */
export const HIDDEN_NAME = '.proxyfs';

export interface ProjectFiles {
  readonly project: ProjectId;
  readonly locations: Locations;
  readonly catalog: Catalog;
  readonly cacheBook: CacheBook;
  readonly queue: JobQueue;
  readonly journal: Journal;
  readonly pool: Pool;
  readonly looks: LookStore;
}

export function locateProject(
  place: Place,
  options: DaemonOptions,
  poolDir: string | undefined,
): { project: ProjectId; locations: Locations } {
  const stateDir = options.stateDir as RealPath | undefined;
  const project = projectIdOf(place.source, stateDir);
  const locations = locationsOf(project, { stateDir, poolDir: poolDir as RealPath | undefined });
  for (const dir of [locations.stateDir, locations.poolDir]) refuseInside(dir, place);
  return { project, locations };
}

/**
 * Rejects with `project/already-mounted` when another daemon has the project. The log is
 * opened once the project is ours, so that a refused start writes nothing into it.
 */
export async function openProject(
  project: ProjectId,
  locations: Locations,
  openLog: () => Logger,
): Promise<{ readonly files: ProjectFiles; readonly log: Logger }> {
  await makeDirectory(locations.stateDir, 0o700);
  const database = await openCatalogFile(project, locations);
  try {
    const pool = await openPool(locations.poolDir, project);
    const log = openLog();
    const [catalog, queue] = [createCatalog(database), createQueue(database)];
    const cacheBook = createCacheBook(database);
    const looks = await openLooks(locations.stateDir, log);
    const journal = openJournal(database, { log });
    return { files: { project, locations, catalog, cacheBook, queue, pool, looks, journal }, log };
  } catch (error) {
    database.close();
    throw error;
  }
}

async function openLooks(stateDir: RealPath, log: Logger): Promise<LookStore> {
  return await LookStore.open(join(stateDir, 'looks'), (name, reason) =>
    log.warn({ look: name, reason }, 'a look cannot be used: add it again'),
  );
}

/** For people who meet the state directory: whose it is. */
export async function labelState(locations: Locations, place: Place): Promise<void> {
  await writeFileAtomic(join(locations.stateDir, 'project.json'), `${JSON.stringify(place, undefined, 2)}\n`);
}

async function openCatalogFile(project: ProjectId, locations: Locations) {
  try {
    return openDatabase(locations.catalogFile);
  } catch (error) {
    if (!(error instanceof ProxyfsError) || error.code !== 'store/held') throw error;
    const holder = (await listRecords()).find((record) => record.project === project);
    throw holder === undefined ? error : alreadyMounted(holder);
  }
}

/** State below the mount point would make the daemon wait for itself; in the source it would be footage. */
function refuseInside(dir: RealPath, { source, mountPoint }: Place): void {
  if (virtualPathBelow(mountPoint, dir) !== undefined) {
    throw new ProxyfsError(
      'request/invalid',
      `${dir} lies in the mount point ${mountPoint}: keep state and pool elsewhere`,
    );
  }
  const inside = virtualPathBelow(source, dir);
  if (inside !== undefined && inside.split('/')[0] !== HIDDEN_NAME) {
    const wayOut = `use ${join(source, HIDDEN_NAME)}, which the mount does not show, or a folder elsewhere`;
    throw new ProxyfsError('request/invalid', `${dir} lies in the source ${source} among the footage: ${wayOut}`);
  }
}
