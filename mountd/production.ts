/**
 * The part of a daemon that works: follows the source tree, examines what is new,
 * queues what has no proxy, and runs the encoders.
 *
 * It needs FFmpeg; without it the mount still serves what there is, and whoever asks
 * for a proxy hears why there is none. Concurrency: all state belongs to the event loop.
 */

import { EventEmitter } from 'node:events';
import { access } from 'node:fs/promises';
import { systemClock } from '../src/base/clock.js';
import { ProxyfsError, toProxyfsError } from '../src/base/error.js';
import type { AssetId, FileIdentity, JobId, PoolKey } from '../src/base/ids.js';
import { type RealPath, ROOT, type VirtualPath } from '../src/base/paths.js';
import { Slices } from '../src/base/slices.js';
import type { AssetRow } from '../src/catalog/asset.js';
import type { VariantRow } from '../src/catalog/catalog.js';
import { indexPool, type PoolIndex } from '../src/catalog/rebuild.js';
import { servablePages } from '../src/catalog/servable-pages.js';
import type { Settings } from '../src/config/settings.js';
import { locateFfmpeg } from '../src/ffmpeg/toolchain.js';
import { type Enqueued, type EnqueueOptions, enqueueMissing } from '../src/generate/enqueue.js';
import type { Generation } from '../src/generate/generation.js';
import type { RunningJob } from '../src/generate/running-job.js';
import { withHardware } from '../src/generate/try-hardware.js';
import { type FinishedJob, WorkerPool } from '../src/generate/worker-pool.js';
import { JobTimes } from '../src/jobs/job-times.js';
import type { JobClass } from '../src/jobs/queue.js';
import type { Logger } from '../src/log/logger.js';
import type { Allowance } from '../src/politeness/decide.js';
import type { Governor } from '../src/politeness/governor.js';
import type { PlaybackWatch } from '../src/politeness/playback.js';
import { createExamine } from '../src/scan/examine.js';
import { Follower, type FollowState } from '../src/scan/follow.js';
import type { OfflinePlace } from '../src/scan/offline.js';
import { Scanner, type ScanOptions, type ScanProgress, type ScanResult } from '../src/scan/scanner.js';
import type { ProfileOf } from '../src/view/profile-choice.js';
import { byUse } from './by-use.js';
import { createGovernor, mannerOf } from './polite.js';
import { HIDDEN_NAME, type ProjectFiles } from './project-files.js';
import { eventOfFinished, eventOfStarted, logFinished } from './record-job.js';

export interface ProductionOptions {
  readonly files: ProjectFiles;
  readonly source: RealPath;
  /** What is made where nobody has chosen. */
  readonly profile: string;
  readonly profileOf: ProfileOf;
  readonly settings: Settings;
  /** Whether proxies are made that nobody asked for. */
  readonly makesBacklog: boolean;
  /** False while the profile waits for the first editor that opens a clip. */
  readonly isProfileKnown: () => boolean;
  readonly log: Logger;
  /** Asked before each job: why none may start. */
  readonly whyNot: () => Promise<string | undefined>;
  /** False for what is made only when somebody asks for it. */
  readonly isMissed: (asset: AssetRow, profile: string) => boolean;
  /** Who plays from the mount. */
  readonly playback: PlaybackWatch;
  /** Whether somebody writes to the file through the mount. */
  readonly isBeingWritten: (file: FileIdentity) => boolean;
  /** Something is mounted below the source: nothing may hold it that need not. */
  readonly onNested: () => void;
  /** What is known of these assets has changed: the view has to look again. */
  readonly onTouched: (ids: readonly AssetId[]) => void;
}

/** What runs only with FFmpeg. */
interface Plant {
  readonly follower: Follower;
  readonly generation: Generation;
  readonly workers: WorkerPool;
}

/** As `status` shows it. */
export interface ScanState {
  readonly running: boolean;
  readonly found: number;
  readonly probed: number;
  readonly finishedAt: number | null;
  /** Why there is no scan, in one sentence. */
  readonly problem: string | null;
}

const BATCH = 100;
/** Of so few that are queued the mount says so in its reasons; of a whole project `why` and `ls` do. */
const FEW = 64;
/** From here on one look at the whole pool is cheaper than one for each asset. */
const MANY = 1000;

export class Production {
  readonly #options: ProductionOptions;
  readonly #finished = new EventEmitter<{ finished: [FinishedJob] }>();
  readonly #abort = new AbortController();
  readonly #times = new JobTimes();
  readonly #governor: Governor;
  #plant: Promise<Plant> | undefined;
  #firstScan: Promise<void> | undefined;
  #scan: ScanState = { running: false, found: 0, probed: 0, finishedAt: null, problem: null };
  #workers: WorkerPool | undefined;
  #follower: Follower | undefined;
  #scanner: Scanner | undefined;
  /** Set while a new or lost catalog takes back what the pool has of earlier times. */
  #poolIndex: PoolIndex | undefined;

  constructor(options: ProductionOptions) {
    this.#options = options;
    // One listener for each call of prewarm that is being followed.
    this.#finished.setMaxListeners(0);
    const { log, playback, settings } = options;
    const isBusy = () => this.#workers?.isBusy() ?? false;
    const onChange = (allowance: Allowance) => this.#workers?.use(allowance);
    this.#governor = createGovernor({ settings, playback, log, isBusy, onChange });
  }

  /** Starts in the background: the mount serves already. */
  start(): void {
    this.#firstScan = this.#scanAll().catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      this.#scan = { ...this.#scan, finishedAt: null, problem: toProxyfsError(error).message };
      this.#options.log.error({ err: error }, 'the source is not scanned, and no proxies are made for now');
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort(new ProxyfsError('job/cancelled', 'the daemon is stopping'));
    const plant = await this.#plant?.catch(() => undefined);
    this.#governor.stop();
    await Promise.all([plant?.workers.stop(), plant?.follower.close(), this.#firstScan]);
  }

  /** Resolves when the scan that was begun at the start is over, whatever came of it. */
  async firstScan(): Promise<void> {
    await this.#firstScan;
  }

  get scanState(): ScanState {
    return this.#scan;
  }

  running(): readonly RunningJob[] {
    return this.#workers?.running() ?? [];
  }

  /** Of those, the ones that stand still for now. */
  suspended(): ReadonlySet<JobId> {
    return this.#workers?.suspended() ?? new Set();
  }

  /** Jobs or pauses were changed by hand: what runs obeys at once. */
  recheck(): void {
    this.#workers?.recheck();
  }

  /** How many may work at once now, and why not more. */
  budget(): Allowance {
    return this.#governor.allowance;
  }

  /** A guess at when the job in this place of the queue is done. */
  secondsUntil(position: number): number | undefined {
    return this.#times.until(position, this.budget().encoders);
  }

  pausedBecause(): string | undefined {
    return this.#workers?.pausedBecause();
  }

  /** How changes are noticed, and what cannot be reached. */
  following(): FollowState & { readonly offline: readonly OfflinePlace[] } {
    const state = this.#follower?.state ?? { folders: 0, problem: undefined, rescanMs: 0 };
    return { ...state, offline: this.#scanner?.offline.all() ?? [] };
  }

  offlineAt(path: VirtualPath): OfflinePlace | undefined {
    return this.#scanner?.offline.at(path);
  }

  /** Something at or below this path may have changed. */
  hint(path: VirtualPath): void {
    void this.#plant?.then(({ follower }) => follower.hint(path)).catch(() => undefined);
  }

  onFinished(listener: (job: FinishedJob) => void, signal: AbortSignal): void {
    this.#finished.on('finished', listener);
    signal.addEventListener('abort', () => this.#finished.off('finished', listener), { once: true });
  }

  /** What recipes are made with. Rejects with `ffmpeg/missing`. */
  async generation(): Promise<Generation> {
    return (await this.#ensurePlant()).generation;
  }

  async scan(path: VirtualPath, options: ScanOptions): Promise<ScanResult> {
    const { follower } = await this.#ensurePlant();
    const { onTouched } = this.#options;
    return await follower.scan(path, { ...options, onTouched });
  }

  /** Queues what has no proxy, takes what the pool has already, and wakes the workers. */
  async enqueue(
    assets: readonly AssetRow[],
    options: Omit<EnqueueOptions, 'profileOf'> & { readonly profiles?: readonly string[] },
  ): Promise<readonly Enqueued[]> {
    const { generation, workers } = await this.#ensurePlant();
    this.#adopt(assets);
    const { profiles = [], ...rest } = options;
    const choices: ProfileOf[] = profiles.length === 0 ? [this.#options.profileOf] : profiles.map((name) => () => name);
    const answers: Enqueued[] = [];
    // All are queued before the workers wake: what waits for one clip is made in one pass.
    for (const profileOf of choices)
      answers.push(...(await enqueueMissing(generation, assets, { ...rest, profileOf })));
    this.#options.onTouched(answers.filter((answer) => isNews(answer, answers.length)).map(({ asset }) => asset.id));
    workers.wake();
    return answers;
  }

  /** These assets got a proxy by another way than a job. */
  servable(assets: readonly AssetId[]): void {
    this.#options.onTouched(assets);
  }

  /** Tries again after a failure: FFmpeg may have been installed meanwhile. */
  async #ensurePlant(): Promise<Plant> {
    this.#abort.signal.throwIfAborted();
    this.#plant ??= this.#build();
    try {
      const plant = await this.#plant;
      // What was in the way of the first scan is gone: it is made up for.
      if (this.#scan.problem !== null) {
        this.#scan = { ...this.#scan, problem: null };
        this.start();
      }
      return plant;
    } catch (error) {
      this.#plant = undefined;
      throw toProxyfsError(error);
    }
  }

  async #build(): Promise<Plant> {
    const { files, source, profile, settings, log } = this.#options;
    const located = await locateFfmpeg({ ffmpegPath: settings.ffmpegPath });
    const toolchain = await withHardware(located, settings.hardware, log);
    const { catalog, queue, pool } = files;
    const hiddenRootNames = [HIDDEN_NAME];
    const stallMs = settings.stallSeconds * 1000;
    const { pictureChecks, pictures: makesPictures, segmentSeconds } = settings;
    const work = { source, catalog, queue, pool, toolchain, looks: files.looks, profile };
    const generation = { ...work, log, clock: systemClock, stallMs, pictureChecks, makesPictures, segmentSeconds };
    const scanner = new Scanner({
      source,
      catalog,
      examine: createExamine(toolchain),
      log,
      hiddenRootNames,
      concurrency: settings.scanParallelism,
      settleMs: settings.settleMs,
      isBeingWritten: ({ identity }) => this.#options.isBeingWritten(identity),
    });
    const onTouched = (ids: readonly AssetId[]) => this.#onFollowed(ids);
    const follower = new Follower({
      ...{ scanner, source, log, onTouched, hiddenRootNames },
      unwatchedRescanMs: settings.rescanSeconds * 1000,
      onNested: this.#options.onNested,
    });
    this.#poolIndex = await this.#indexPool();
    const workers = this.#createWorkers(generation);
    await this.#governor.start();
    workers.use(this.#governor.allowance);
    await workers.start();
    follower.start();
    this.#follower = follower;
    this.#scanner = scanner;
    this.#workers = workers;
    return { follower, generation, workers };
  }

  #createWorkers(generation: Generation): WorkerPool {
    const { log, settings, onTouched } = this.#options;
    return new WorkerPool(generation, {
      workers: settings.workers,
      mannerOf: mannerOf(settings),
      reserveBytes: settings.diskReserveBytes,
      whyNot: this.#options.whyNot,
      onStarted: (job, path) => this.#options.files.journal.record(eventOfStarted(job, path)),
      onFinished: (finished) => {
        onTouched([finished.asset]);
        if (finished.outcome.kind === 'published') this.#times.add(finished.outcome.seconds);
        this.#options.files.journal.record(eventOfFinished(finished));
        logFinished(log, finished);
        if (finished.outcome.kind === 'outdated' && finished.path !== undefined) this.hint(finished.path);
        this.#finished.emit('finished', finished);
      },
    });
  }

  async #scanAll(): Promise<void> {
    const onProgress = ({ found, probed }: ScanProgress) => {
      this.#scan = { running: true, found, probed, finishedAt: null, problem: null };
    };
    onProgress({ found: 0, probed: 0, total: undefined });
    try {
      const { found, probed, forgotten, growing } = await this.scan(ROOT, { signal: this.#abort.signal, onProgress });
      this.#options.log.info({ found, probed, forgotten, growing: growing.length }, 'the source has been scanned');
      this.#options.files.journal.record({ kind: 'scan-finished', facts: { found, probed, forgotten } });
    } finally {
      this.#scan = { ...this.#scan, running: false, finishedAt: Date.now() };
    }
    await this.#adoptAll();
    await this.#enqueueBacklog();
  }

  /** Also what another FFmpeg made counts: only its key differs, and it was compared with the same master. */
  async #indexPool(): Promise<PoolIndex | undefined> {
    const { files, log } = this.#options;
    const { catalog, pool } = files;
    if (!catalog.isWithoutVariants()) return undefined;
    const index = await indexPool(catalog, pool, (path, reason) =>
      log.warn({ path, reason }, 'left out of the catalog'),
    );
    return index.size === 0 ? undefined : index;
  }

  #adopt(assets: readonly AssetRow[]): void {
    const index = this.#poolIndex;
    if (index === undefined) return;
    this.#options.onTouched(assets.filter((asset) => index.adopt(asset).length > 0).map(({ id }) => id));
  }

  /** Once all assets are known; whatever is found later is new footage. */
  async #adoptAll(): Promise<void> {
    const { catalog } = this.#options.files;
    if (this.#poolIndex === undefined) return;
    for await (const page of servablePages(catalog, this.#abort.signal))
      this.#adopt(page.flatMap(({ id }) => catalog.get(id) ?? []));
    this.#poolIndex = undefined;
  }

  /** Another profile was chosen for some paths: what it lacks is made in the background. */
  profileChosen(): void {
    if (!this.makesUnasked() || this.#scan.finishedAt === null) return;
    this.#enqueueBacklog().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#options.log.warn({ err: error }, 'a chosen profile could not be queued');
    });
  }

  /** The pool has lost what it had for these. */
  makeAgain(ids: readonly AssetId[]): void {
    if (!this.makesUnasked()) return;
    this.#enqueueIds(ids, 'footage').catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#options.log.warn({ err: error }, 'lost proxies could not be queued');
    });
  }

  async #enqueueBacklog(): Promise<void> {
    const { files, profileOf } = this.#options;
    if (!this.makesUnasked()) return;
    // Light rows first: the media facts of a large project do not fit into memory at once.
    const wanted: { readonly id: AssetId; readonly variant: VariantRow | undefined }[] = [];
    for await (const page of servablePages(files.catalog, this.#abort.signal)) {
      for (const { id, eligibility, failures, paths, variants } of page) {
        const profile = profileOf(paths);
        if (eligibility.kind === 'ineligible' || failures.some((each) => each.profile === profile)) continue;
        wanted.push({ id, variant: variants.find((each) => each.profile === profile) });
      }
    }
    const keys = wanted.length > MANY ? await files.pool.keys() : undefined;
    byUse(wanted, files.cacheBook);
    for (let at = 0; at < wanted.length; at += BATCH) {
      this.#abort.signal.throwIfAborted();
      const batch = wanted.slice(at, at + BATCH);
      const missing = batch.map(async ({ id, variant }) => ((await this.#isThere(variant)) ? [] : [id]));
      await this.#enqueueIds((await Promise.all(missing)).flat(), 'backlog', keys);
    }
  }

  /** The pool may have been cleaned since: what it lost is made again. */
  async #isThere(variant: VariantRow | undefined): Promise<boolean> {
    if (variant === undefined) return false;
    const file = this.#options.files.pool.fileOf(variant.poolKey, variant.extension);
    return await access(file).then(
      () => true,
      () => false,
    );
  }

  /** `keys`: all that the pool has, where somebody has looked. */
  async #enqueueIds(ids: readonly AssetId[], jobClass: JobClass, keys?: ReadonlySet<PoolKey>): Promise<void> {
    const { files, isMissed, profileOf } = this.#options;
    const mayBePublished = keys && ((key: PoolKey) => keys.has(key));
    const slices = new Slices();
    for (let at = 0; at < ids.length; at += BATCH) {
      await slices.rest(this.#abort.signal);
      const found = ids.slice(at, at + BATCH).flatMap((id) => files.catalog.get(id) ?? []);
      const assets = found.filter((asset) => isMissed(asset, profileOf(asset.paths)));
      await this.enqueue(assets, { jobClass, signal: this.#abort.signal, mayBePublished });
    }
  }

  /** While the editor is not known yet, only what somebody asks for is made. */
  makesUnasked(): boolean {
    return this.#options.makesBacklog && this.#options.isProfileKnown();
  }

  #onFollowed(ids: readonly AssetId[]): void {
    this.#options.onTouched(ids);
    if (!this.makesUnasked()) return;
    this.#enqueueIds(ids, 'footage').catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#options.log.warn({ err: error }, 'new footage could not be queued');
    });
  }
}

/** What was in the pool is served, and what is queued may have lost its proxy: it must not go on counting as served. */
function isNews(answer: Enqueued, answers: number): boolean {
  return answer.kind === 'adopted' || (answer.kind === 'queued' && (answer.hadProxy || answers <= FEW));
}
