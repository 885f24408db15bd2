/**
 * The daemon's side of the cache: puts its parts together, feeds them what happens, and
 * keeps their clock.
 */

import { lstat } from 'node:fs/promises';
import { systemClock } from '../src/base/clock.js';
import { type AssetId, type FileIdentity, identityKey } from '../src/base/ids.js';
import { type RealPath, realPathOf, type VirtualPath } from '../src/base/paths.js';
import { returnMemory } from '../src/base/return-memory.js';
import { describeTooLarge } from '../src/cache/describe.js';
import { Health } from '../src/cache/health.js';
import { inspect } from '../src/cache/inspect.js';
import { Keeper } from '../src/cache/keeper.js';
import { Pins } from '../src/cache/pins.js';
import { DISPLACES } from '../src/cache/quota.js';
import { Scrub } from '../src/cache/scrub.js';
import { UseLog } from '../src/cache/use-log.js';
import type { AssetRow } from '../src/catalog/asset.js';
import type { Settings } from '../src/config/settings.js';
import { blake3OfFile } from '../src/fingerprint/fingerprint.js';
import type { Serving } from '../src/flip/serving.js';
import { Withdrawer, type WithdrawerOptions } from '../src/flip/withdraw.js';
import type { Job } from '../src/jobs/queue.js';
import type { Logger } from '../src/log/logger.js';
import { sameGuard } from '../src/view/resolve.js';
import { viewKey } from '../src/view/view.js';
import type { ProjectFiles } from './project-files.js';

export interface CacheOptions extends WithdrawerOptions {
  readonly files: ProjectFiles;
  readonly sourceDir: RealPath;
  readonly settings: Settings;
  readonly log: Logger;
  readonly onWithdrawn: (assets: readonly AssetId[]) => void;
}

const TICK_MS = 30_000;
/** Claims are renewed and compared with the catalog. */
const CLAIMS_MS = 6 * 3_600_000;
/** After a refusal nothing as large is tried for so long: looking through a large pool takes its time. */
const REFUSED_MS = 30_000;
/** What a proxy needs, as a share of its master, before there is any to go by. */
const FIRST_RATIO = 0.5;

/** There was no room for so many bytes in place of what was not used for so long. */
interface Refused {
  readonly size: number;
  readonly unusedMs: number;
  /** Of the clock that nobody sets. */
  readonly until: number;
  readonly reason: string;
}

export class Cache {
  readonly pins: Pins;
  readonly keeper: Keeper;
  readonly health: Health;
  readonly #options: CacheOptions;
  readonly #uses: UseLog;
  readonly #scrub: Scrub;
  /** Assets whose proxy the mount could not open, while nobody can tell why (their disk is not there). */
  readonly #suspects = new Set<AssetId>();
  #refused: Refused[] = [];
  #timer: NodeJS.Timeout | undefined;
  #claimedAt = 0;
  #ticking: Promise<void> | undefined;

  constructor(options: CacheOptions) {
    this.#options = options;
    const { files, log, settings, sourceDir } = options;
    const { cacheBook: book, journal, pool } = files;
    const common = { book, pool, journal, log, clock: systemClock, withdrawer: new Withdrawer(options) };
    const namesOf = (id: AssetId) => files.catalog.get(id)?.paths ?? [];
    this.#uses = new UseLog(book, systemClock);
    this.pins = new Pins({ book, source: sourceDir, paths: () => pathsIn(files) });
    this.keeper = new Keeper({
      ...common,
      uses: this.#uses,
      pins: this.pins,
      quota: settings.poolQuota,
      ttlDays: settings.ttlDays,
      namesOf,
      openAssets: () => openAssets(options.serving, files),
      unfinished: () => new Set([...unfinished(files)].map(({ poolKey }) => poolKey)),
    });
    this.health = new Health({ ...common, nameOf: (id) => namesOf(id)[0], onWithdrawn: options.onWithdrawn });
    const { scrubDays: days, scrubRate: bytesPerSecond } = settings;
    this.#scrub = new Scrub({ ...common, health: this.health, days, bytesPerSecond });
  }

  /** Once the source has been scanned. */
  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), TICK_MS);
    this.#scrub.start();
    void this.tick();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#scrub.stop(), this.#ticking]);
    this.#uses.flush();
  }

  /** Resolves when what is due has been done; never rejects. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch((err: unknown) => this.#options.log.warn({ err }, 'the pool could not be tidied; it is tried again'))
      .finally(() => {
        this.#ticking = undefined;
      });
    return this.#ticking;
  }

  opened(identity: FileIdentity): void {
    const entry = this.#options.serving.view.get(viewKey(identity));
    if (entry?.swap.kind === 'replace') this.#uses.note(entry.id, entry.profile);
  }

  onPublished(asset: AssetId, profile: string): void {
    this.#options.files.cacheBook.madeAgain({ asset, profile, at: systemClock.now() });
    this.health.onPublished(asset, profile);
  }

  /** False for what was removed and is not missed: it is made again when somebody asks. */
  isMissed({ id, master }: Pick<AssetRow, 'id' | 'master'>, profile: string): boolean {
    const eviction = this.#options.files.cacheBook.evictionOf(id, profile);
    return eviction === undefined || !sameGuard(eviction.guard, master);
  }

  /** Makes room for a job that is about to start; returns why there is none. */
  async roomFor(job: Job): Promise<string | undefined> {
    const { files, settings } = this.#options;
    if (settings.poolQuota === undefined) return undefined;
    const [now, unusedMs] = [performance.now(), DISPLACES[job.jobClass]];
    const size = await this.#neededBy([job, ...files.queue.list({ state: 'running' })]);
    this.#refused = this.#refused.filter(({ until }) => now < until);
    // Somebody who waits may displace more, and what is smaller may fit.
    const known = this.#refused.find((refused) => refused.unusedMs <= unusedMs && refused.size <= size);
    if (known !== undefined) return known.reason;
    // Its job says so itself, and gives way to the others.
    if ((await this.tooLarge(job)) !== undefined) return undefined;
    const reason = await this.keeper.makeRoom(size, unusedMs);
    if (reason !== undefined) this.#refused.push({ size, unusedMs, until: now + REFUSED_MS, reason });
    return reason;
  }

  /** Why there can be no room for a proxy, whatever goes; undefined also while nothing is known of such proxies. */
  async tooLarge(job: Pick<Job, 'asset' | 'profile'>): Promise<string | undefined> {
    const { cacheBook } = this.#options.files;
    const quota = await this.keeper.quota();
    if (quota === undefined || cacheBook.ratioOf(job.profile).masters === 0) return undefined;
    const size = this.#sizeOf(job);
    return size > quota ? describeTooLarge(size, quota) : undefined;
  }

  /** The mount could not serve the proxies of these: looks at each, and withdraws what is damaged. */
  async suspect(ids: readonly AssetId[]): Promise<void> {
    const { log } = this.#options;
    for (const id of ids) {
      try {
        await this.#examine(id);
        this.#suspects.delete(id);
      } catch (err) {
        if (!this.#suspects.has(id)) log.warn({ err, asset: id }, 'a proxy cannot be served, and its master is');
        this.#suspects.add(id);
      }
    }
  }

  /** Whether a replaced file is served from its master because the master is another than it was. */
  async isMasterToBlame(path: VirtualPath, identity: FileIdentity): Promise<boolean> {
    const { serving, sourceDir } = this.#options;
    const entry = serving.view.get(viewKey(identity));
    if (entry?.swap.kind !== 'replace') return true;
    const { guard } = entry.swap;
    return await lstat(realPathOf(sourceDir, path), { bigint: true }).then(
      ({ size, mtimeNs }) => !sameGuard(guard, { size, mtimeNs }),
      () => true,
    );
  }

  async #examine(id: AssetId): Promise<void> {
    const { files, log, ready, serving } = this.#options;
    const entry = serving.entryOf(id);
    const variants = files.catalog.variantsOf(id);
    // Until there is a verdict the lists say what is so: the master is served.
    if (entry?.swap.kind === 'replace') serving.markMaster(viewKey(entry.asset), 'master: its proxy is being checked');
    for (const { poolKey } of variants) {
      const object = files.cacheBook.object(poolKey);
      const problem = object && (await inspect(files.pool, object, (file) => blake3OfFile(file)));
      if (object !== undefined && problem !== undefined) await this.health.withdraw(object, problem);
      else log.info({ asset: id, key: poolKey }, 'a proxy that could not be opened is whole, and served again');
    }
    ready.touch([id]);
  }

  async #tick(): Promise<void> {
    const { files } = this.#options;
    await this.#claim();
    await this.suspect([...this.#suspects]);
    if (await files.pool.isReachable()) await this.keeper.tidy();
  }

  async #claim(): Promise<void> {
    const { cacheBook, pool } = this.#options.files;
    if (systemClock.now() - this.#claimedAt < CLAIMS_MS || !(await pool.isReachable())) return;
    await pool.syncClaims((beginning) => cacheBook.keysOf(beginning));
    this.#claimedAt = systemClock.now();
    returnMemory(this.#options.serving.view.size);
  }

  /** Bytes beyond what the pool has: segments are the beginning of their proxies. */
  async #neededBy(jobs: readonly Job[]): Promise<number> {
    const segments = await this.#options.files.pool.segments();
    return jobs.reduce((sum, job) => sum + Math.max(0, this.#sizeOf(job) - (segments.get(job.poolKey) ?? 0)), 0);
  }

  #sizeOf({ asset, profile }: Pick<Job, 'asset' | 'profile'>): number {
    const { cacheBook, catalog } = this.#options.files;
    const { proxies, masters } = cacheBook.ratioOf(profile);
    const ratio = masters === 0 ? FIRST_RATIO : proxies / masters;
    return Math.ceil(Number(catalog.get(asset)?.master.size ?? 0n) * ratio);
  }
}

function* pathsIn({ catalog }: ProjectFiles): Iterable<VirtualPath> {
  for (const { paths } of catalog.servable()) yield* paths;
}

function* unfinished({ queue }: ProjectFiles): Iterable<Job> {
  for (const state of ['waiting', 'running'] as const) yield* queue.list({ state });
}

function openAssets({ volume }: Serving, { catalog }: ProjectFiles): ReadonlySet<AssetId> {
  const open = new Map(volume.handles().map(({ asset }) => [identityKey(asset), asset]));
  return new Set([...open.values()].flatMap((identity) => catalog.byIdentity(identity)?.id ?? []));
}
