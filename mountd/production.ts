/**
 * The part of a daemon that works: follows the source tree, examines what is new,
 * queues what has no proxy, and runs the encoders.
 *
 * It needs FFmpeg; without it the mount still serves what there is, and whoever asks
 * for a proxy hears why there is none. Concurrency: all state belongs to the event loop.
 */

import { EventEmitter } from 'node:events';
import { type ErrorDetails, ProxyfsError, toProxyfsError } from '../src/base/error.js';
import type { AssetId, JobId } from '../src/base/ids.js';
import { ROOT, type VirtualPath } from '../src/base/paths.js';
import type { AssetRow } from '../src/catalog/asset.js';
import { type Enqueued, type EnqueueOptions, enqueueMissing } from '../src/generate/enqueue.js';
import type { Generation } from '../src/generate/generation.js';
import type { RunningJob } from '../src/generate/running-job.js';
import { type FinishedJob, WorkerPool } from '../src/generate/worker-pool.js';
import { JobTimes } from '../src/jobs/job-times.js';
import type { Allowance } from '../src/politeness/decide.js';
import type { Governor } from '../src/politeness/governor.js';
import { Follower, type FollowState } from '../src/scan/follow.js';
import type { OfflinePlace } from '../src/scan/offline.js';
import type { Scanner, ScanOptions, ScanProgress, ScanResult } from '../src/scan/scanner.js';
import type { ProfileOf } from '../src/view/profile-choice.js';
import { createScanner, prepareGeneration } from './plant.js';
import { createGovernor, mannerOf } from './polite.js';
import { PoolReturn } from './pool-return.js';
import type { ProductionOptions } from './production-options.js';
import { HIDDEN_NAME } from './project-files.js';
import { eventOfFinished, eventOfStarted, eventsOfAdopted, logFinished } from './record-job.js';
import { isSameSource } from './same-source.js';
import { StorageRetries } from './storage-retries.js';
import { Unasked } from './unasked.js';

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

interface EnqueueHow {
  /** Without any: the profile that is chosen for each path. */
  readonly profiles?: readonly string[];
  /** FFmpeg was looked for a moment ago, by an earlier call for the same work. */
  readonly knowsFfmpeg?: boolean;
}

/** Of so few that are queued the mount says so in its reasons; of a whole project `why` and `ls` do. */
const FEW = 64;

export class Production {
  readonly #options: ProductionOptions;
  readonly #finished = new EventEmitter<{ finished: [FinishedJob] }>();
  readonly #abort = new AbortController();
  readonly #times = new JobTimes();
  readonly #governor: Governor;
  readonly #returned: PoolReturn;
  readonly #unasked: Unasked;
  readonly #storage: StorageRetries;
  #plant: Promise<Plant> | undefined;
  #firstScan: Promise<void> | undefined;
  #scan: ScanState = { running: false, found: 0, probed: 0, finishedAt: null, problem: null };
  #workers: WorkerPool | undefined;
  #follower: Follower | undefined;
  #scanner: Scanner | undefined;

  constructor(options: ProductionOptions) {
    this.#options = options;
    // One listener for each call of prewarm that is being followed.
    this.#finished.setMaxListeners(0);
    const { log, playback, settings } = options;
    const isBusy = () => this.#workers?.isBusy() ?? false;
    const onChange = (allowance: Allowance) => this.#workers?.use(allowance);
    this.#governor = createGovernor({ settings, playback, log, isBusy, onChange });
    const { files, isMissed, profileOf } = options;
    this.#returned = new PoolReturn(files, log);
    const { catalog } = files;
    this.#storage = new StorageRetries({ catalog, log, enqueue: (assets, how) => this.enqueue(assets, how) });
    this.#unasked = new Unasked({
      ...{ files, isMissed, log, profileOf },
      isWanted: () => this.makesUnasked(),
      enqueue: (assets, how) => this.enqueue(assets, how),
      signal: this.#abort.signal,
    });
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
    this.#storage.stop();
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

  /** Why a waiting job was passed over when its turn came. */
  waitsFor(job: JobId): string | undefined {
    return this.#workers?.waitsFor(job);
  }

  /** `pausedBecause` as an error, for whoever waits. */
  obstacle(details: ErrorDetails): ProxyfsError | undefined {
    const reason = this.pausedBecause();
    const code = this.#workers?.obstacle;
    return reason === undefined || code === undefined ? undefined : new ProxyfsError(code, reason, { details });
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
    options: Omit<EnqueueOptions, 'profileOf'> & EnqueueHow,
  ): Promise<readonly Enqueued[]> {
    const { generation, workers } = await this.#ensurePlant(options);
    const returned = this.#returned.adopt(assets);
    if (returned.length > 0) this.#options.onTouched(returned);
    const { profiles = [], knowsFfmpeg: _, ...rest } = options;
    const choices: ProfileOf[] = profiles.length === 0 ? [this.#options.profileOf] : profiles.map((name) => () => name);
    const answers: Enqueued[] = [];
    // All are queued before the workers wake: what waits for one clip is made in one pass.
    for (const profileOf of choices) {
      const found = await enqueueMissing(generation, assets, { ...rest, profileOf });
      for (const event of eventsOfAdopted(found, profileOf)) this.#options.files.journal.record(event);
      answers.push(...found);
    }
    this.#options.onTouched(answers.filter((answer) => isNews(answer, answers.length)).map(({ asset }) => asset.id));
    workers.wake();
    return answers;
  }

  /** These assets got a proxy by another way than a job. */
  servable(assets: readonly AssetId[]): void {
    this.#options.onTouched(assets);
  }

  /** Tries again after a failure: FFmpeg may have been installed meanwhile. */
  async #ensurePlant({ knowsFfmpeg = false }: Pick<EnqueueHow, 'knowsFfmpeg'> = {}): Promise<Plant> {
    this.#abort.signal.throwIfAborted();
    this.#plant ??= this.#build();
    try {
      const plant = await this.#plant;
      if (!knowsFfmpeg) await plant.generation.renewToolchain?.();
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
    const { source, settings, log } = this.#options;
    const generation = await prepareGeneration(this.#options);
    const scanner = createScanner(this.#options, generation.toolchain);
    const hiddenRootNames = [HIDDEN_NAME];
    const onTouched = (ids: readonly AssetId[]) => this.#onFollowed(ids);
    const follower = new Follower({
      ...{ scanner, source, log, onTouched, hiddenRootNames },
      unwatchedRescanMs: settings.rescanSeconds * 1000,
      onNested: this.#options.onNested,
      onMounts: () => this.#storage.again(),
      onSource: () => this.#showSource(),
    });
    await this.#returned.begin();
    const workers = this.#createWorkers(generation);
    await this.#governor.start();
    workers.use(this.#governor.allowance);
    await workers.start();
    follower.start();
    this.#storage.start();
    this.#follower = follower;
    this.#scanner = scanner;
    this.#workers = workers;
    return { follower, generation, workers };
  }

  /** Another drive than the one that went away is shown by a mount of its own. */
  async #showSource(): Promise<boolean> {
    const { files, log, reopenSource, source } = this.#options;
    if (!(await isSameSource(files.catalog, source))) return false;
    reopenSource();
    log.info({ source }, 'the drive of the source is back, and the mount shows it');
    return true;
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
    await this.#returned.finish(this.#abort.signal, this.#options.onTouched);
    if (this.makesUnasked()) this.#storage.afterStart();
    await this.#unasked.backlog();
  }

  /** Another profile was chosen for some paths: what it lacks is made in the background. */
  profileChosen(): void {
    if (!this.makesUnasked() || this.#scan.finishedAt === null) return;
    this.#unasked.inBackground(this.#unasked.backlog(), 'a chosen profile');
  }

  /** The pool has lost what it had for these. */
  makeAgain(ids: readonly AssetId[]): void {
    this.#unasked.footage(ids, 'lost proxies');
  }

  /** While the editor is not known yet, only what somebody asks for is made. */
  makesUnasked(): boolean {
    return this.#options.makesBacklog && this.#options.isProfileKnown();
  }

  #onFollowed(ids: readonly AssetId[]): void {
    this.#options.onTouched(ids);
    this.#unasked.footage(ids, 'new footage');
  }
}

/** What was in the pool is served, and what is queued may have lost its proxy: it must not go on counting as served. */
function isNews(answer: Enqueued, answers: number): boolean {
  return answer.kind === 'adopted' || (answer.kind === 'queued' && (answer.hadProxy || answers <= FEW));
}
