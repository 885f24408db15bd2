/**
 * Keeps the catalog in line with the source tree while the daemon runs.
 *
 * Three sources of news: hints from the mount (a file was written or renamed through it),
 * watches of every folder, and a scan of everything from time to time. News is gathered
 * until it is quiet for a moment, then looked at: what there is, is known at once; what has
 * to be examined is examined beside it, so that a thousand new clips do not hold up the
 * news of the next one. Watches are set by the scans themselves, before each folder is
 * listed, hence no change is lost between the two.
 *
 * Concurrency: one look at a time; news during a look waits for the next. Examinations of
 * several looks go on side by side and share the scanner's slots.
 */

import { lstat } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';
import type { AssetId } from '../base/ids.js';
import { type RealPath, ROOT, realPathOf, type VirtualPath } from '../base/paths.js';
import type { Logger } from '../log/logger.js';
import type { Growing } from './examiner.js';
import { type FolderNews, FolderWatches } from './folder-watches.js';
import { isSilent } from './mount-points.js';
import { isCandidateName } from './names.js';
import { News } from './news.js';
import { Presence } from './presence.js';
import type { Scanner, ScanOptions, ScanResult } from './scanner.js';
import type { WalkedFile } from './walk.js';

export interface FollowerOptions {
  readonly scanner: Scanner;
  readonly source: RealPath;
  readonly log: Logger;
  /** Assets whose names, content or description are not what they were. */
  readonly onTouched: (ids: readonly AssetId[]) => void;
  readonly hiddenRootNames: readonly string[];
  /** Quiet time before news is looked at; default 250. */
  readonly quietMs?: number | undefined;
  /** News that never pauses is looked at after this long; default 1000. */
  readonly patienceMs?: number | undefined;
  /** Time between scans of everything where every folder is watched; default 30 minutes. */
  readonly rescanMs?: number | undefined;
  /** The same where changes may pass unseen; default 1 minute. */
  readonly unwatchedRescanMs?: number | undefined;
  /** The kernel's queue of events; default what it says. */
  readonly queueLength?: number | undefined;
  /** Time between two looks at what is mounted; default 1 second. */
  readonly presenceMs?: number | undefined;
  /** Something is mounted below the source: nothing that need not be open may hold it. */
  readonly onNested?: (() => void) | undefined;
}

/** As `status` shows it. */
export interface FollowState {
  /** Folders in which every change is told at once. */
  readonly folders: number;
  /** Why changes may be seen only by a rescan, in one sentence. */
  readonly problem: string | undefined;
  /** Time between rescans of everything, at least. */
  readonly rescanMs: number;
}

const DEFAULT_RESCAN_MS = 30 * 60_000;
const DEFAULT_UNWATCHED_MS = 60_000;
/** A rescan takes up no more than this share of the time. */
const RESCAN_SHARE = 0.1;
/** Names that are looked at, and files that are examined, in one go. */
const BATCH = 64;
const LEAST_REVISIT_MS = 20;
/** A source that cannot be scanned now may be back soon. */
const RETRY_MS = 5000;

export class Follower {
  readonly #options: FollowerOptions;
  readonly #abort = new AbortController();
  readonly #watches: FolderWatches;
  readonly #news: News;
  readonly #presence: Presence;
  readonly #growing = new Map<VirtualPath, NodeJS.Timeout>();
  readonly #examining = new Set<Promise<void>>();
  /** What is being examined, by its last change. */
  readonly #atWork = new Map<VirtualPath, bigint>();
  /** Names that may be folders. */
  #names = new Set<VirtualPath>();
  #looking: Promise<void> | undefined;
  #naming: Promise<void> | undefined;
  #rescan: NodeJS.Timeout | undefined;
  #lastScanMs = 0;
  #toldProblem: string | undefined;
  #toldTrouble: string | undefined;
  #failing: NodeJS.Timeout | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { source, queueLength, quietMs = 250, patienceMs = 1000 } = options;
    this.#watches = new FolderWatches({
      source,
      queueLength,
      onNews: (news) => this.#onFolderNews(news),
      onFlood: () => this.#onFlood(),
    });
    this.#news = new News({ quietMs, patienceMs, onDue: () => this.#look() });
    this.#presence = new Presence({
      source,
      onChange: (places) => this.#onMounts(places),
      onNested: options.onNested,
      everyMs: options.presenceMs,
    });
  }

  /** Starts the rescans; the first scan of everything is the caller's, and sets the watches. */
  start(): void {
    this.#presence.start();
    this.#scheduleRescan();
  }

  /** A scan somebody asked for: what it comes by is watched, and what still grows is looked at again. */
  async scan(prefix: VirtualPath, options: ScanOptions = {}): Promise<ScanResult> {
    if (prefix === ROOT) this.#watches.tryAgain();
    const started = performance.now();
    const onFolder = (folder: VirtualPath) => this.#watches.watch(folder);
    const result = await this.#options.scanner.scan(prefix, { ...options, onFolder });
    if (prefix === ROOT) this.#noteScan(performance.now() - started);
    this.#revisit(result.growing);
    for (const path of result.doubtful) this.hint(path);
    return result;
  }

  /** Something at or below `path` may have changed. */
  hint(path: VirtualPath): void {
    if (!this.#abort.signal.aborted) this.#news.add(path);
  }

  get state(): FollowState {
    return { folders: this.#watches.size, problem: this.#problem(), rescanMs: this.#rescanMs() };
  }

  /** Resolves when no scan is running and no watch is left. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#news.stop();
    this.#presence.stop();
    clearTimeout(this.#rescan);
    for (const timer of this.#growing.values()) clearTimeout(timer);
    this.#watches.close();
    await Promise.all([this.#looking, this.#naming, ...this.#examining]);
  }

  #look(): void {
    if (this.#looking !== undefined || this.#abort.signal.aborted) return;
    this.#looking = this.#lookAtNews().finally(() => {
      this.#looking = undefined;
      if (!this.#abort.signal.aborted) this.#news.schedule();
    });
  }

  async #lookAtNews(): Promise<void> {
    const { log, scanner } = this.#options;
    const { signal } = this.#abort;
    const places = this.#news.take();
    const isEverything = places.includes(ROOT);
    if (isEverything) this.#watches.tryAgain();
    const started = performance.now();
    try {
      const onFolder = (folder: VirtualPath) => this.#watches.watch(folder);
      const { doubtful, touched, toExamine } = await scanner.find(places, { signal, onFolder });
      for (const path of doubtful) this.hint(path);
      this.#tell([...touched]);
      this.#examine(toExamine);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.#toldTrouble) log.warn({ err: error }, 'the source could not be scanned; it is tried again');
      this.#toldTrouble = reason;
      this.#tryAgain(places);
      return;
    }
    this.#toldTrouble = undefined;
    this.#askFailing();
    if (isEverything) this.#noteScan(performance.now() - started);
  }

  #tryAgain(places: readonly VirtualPath[]): void {
    const timer = setTimeout(() => {
      for (const place of places) this.hint(place);
    }, RETRY_MS);
    timer.unref();
  }

  /** Storage that answers with errors tells nobody when it is well again. */
  #askFailing(): void {
    const failing = this.#options.scanner.offline.all().filter(({ kind }) => kind === 'failing');
    if (failing.length === 0 || this.#failing !== undefined) return;
    this.#failing = setTimeout(() => {
      this.#failing = undefined;
      for (const { path } of failing) this.hint(path);
    }, RETRY_MS);
    this.#failing.unref();
  }

  /** Whatever was watched there is another file system now. */
  #onMounts(places: readonly VirtualPath[]): void {
    for (const place of places) {
      this.#watches.drop(place);
      this.hint(place);
    }
  }

  #tell(ids: readonly AssetId[]): void {
    if (ids.length > 0) this.#options.onTouched(ids);
  }

  /** What is being examined already, and has not changed since, is left to whoever does. */
  #examine(files: readonly WalkedFile[]): void {
    const fresh = files.filter(({ path, ctimeNs }) => this.#atWork.get(path) !== ctimeNs);
    if (fresh.length === 0) return;
    for (let at = 0; at < fresh.length; at += BATCH) this.#examineSome(fresh.slice(at, at + BATCH));
  }

  /** Few at a time: one that still grows is looked at again in time, however many are examined beside it. */
  #examineSome(files: readonly WalkedFile[]): void {
    for (const { path, ctimeNs } of files) this.#atWork.set(path, ctimeNs);
    const work = this.#examineAll(files).finally(() => {
      for (const { path, ctimeNs } of files) if (this.#atWork.get(path) === ctimeNs) this.#atWork.delete(path);
      this.#examining.delete(work);
    });
    this.#examining.add(work);
  }

  async #examineAll(files: readonly WalkedFile[]): Promise<void> {
    const { log, scanner } = this.#options;
    const { signal } = this.#abort;
    try {
      const { growing } = await scanner.examine(files, { signal, onTouched: (ids) => this.#tell(ids) });
      this.#revisit(growing);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error, files: files.length }, 'new files could not be examined; it is tried again');
      this.#tryAgain(files.map(({ path }) => path));
    }
  }

  /** The last write raises its event too early: growing files are looked at again when they may have settled. */
  #revisit(growing: readonly Growing[]): void {
    if (this.#abort.signal.aborted) return;
    for (const { path, settledInMs } of growing) {
      clearTimeout(this.#growing.get(path));
      const timer = setTimeout(
        () => {
          this.#growing.delete(path);
          this.hint(path);
        },
        Math.max(settledInMs, LEAST_REVISIT_MS),
      );
      this.#growing.set(path, timer);
    }
  }

  #onFolderNews({ folder, name, kind }: FolderNews): void {
    const isHidden = folder === ROOT && name !== undefined && this.#options.hiddenRootNames.includes(name);
    if (name === undefined) this.hint(folder);
    else if (!isHidden) this.#onNameNews(name, (folder === ROOT ? name : `${folder}/${name}`) as VirtualPath, kind);
  }

  #onNameNews(name: string, path: VirtualPath, kind: FolderNews['kind']): void {
    const isFolder = this.#watches.knows(path);
    // The name may stand for another folder now: the next look watches what is there.
    if (kind === 'name' && isFolder) this.#watches.drop(path);
    if (isCandidateName(name)) this.hint(path);
    else if (kind === 'name' && !isFolder) this.#askForFolder(path);
    // Of a folder that is watched the rights are no news; of one that could not be read, they are.
    else if (isFolder && (kind === 'name' || !this.#watches.isWatched(path))) this.hint(path);
  }

  #onFlood(): void {
    this.#options.log.info('so much has changed at once that everything is looked at again');
    this.#watches.drop(ROOT);
    this.hint(ROOT);
  }

  /** Editors save projects and renders all day: of names that are no media, only folders are news. */
  #askForFolder(path: VirtualPath): void {
    this.#names.add(path);
    this.#naming ??= this.#findFolders().finally(() => {
      this.#naming = undefined;
    });
  }

  async #findFolders(): Promise<void> {
    while (this.#names.size > 0 && !this.#abort.signal.aborted) {
      const names = [...this.#names];
      this.#names = new Set();
      for (let at = 0; at < names.length; at += BATCH) {
        await Promise.all(names.slice(at, at + BATCH).map((path) => this.#hintIfFolder(path)));
      }
    }
  }

  async #hintIfFolder(path: VirtualPath): Promise<void> {
    try {
      if ((await lstat(realPathOf(this.#options.source, path))).isDirectory()) this.hint(path);
    } catch (error) {
      // What is gone again was never news; of anything else the look itself finds the reason.
      if (errnoOf(error) !== 'ENOENT') this.hint(path);
    }
  }

  #noteScan(ms: number): void {
    this.#lastScanMs = ms;
    const problem = this.#problem();
    if (problem !== undefined && problem !== this.#toldProblem) {
      this.#options.log.warn({ problem }, 'some changes are found only by rescans');
    }
    this.#toldProblem = problem;
    this.#scheduleRescan();
  }

  #problem(): string | undefined {
    if (this.#presence.isReplaced) {
      return `another folder or drive has come to ${this.#options.source}, and the mount shows the one before: unmount it and mount it again`;
    }
    if (this.#watches.problem !== undefined) return this.#watches.problem;
    const silent = [...this.#presence.placement].filter(([, mount]) => isSilent(mount));
    const [first] = silent;
    if (first === undefined) return undefined;
    const [path, { type }] = first;
    const where = path === ROOT ? 'the source' : `'${path}'`;
    const others = silent.length > 1 ? ` (and ${silent.length - 1} more)` : '';
    return `${where}${others} lies on ${type}, which does not tell of all that changes`;
  }

  #rescanMs(): number {
    const { rescanMs = DEFAULT_RESCAN_MS, unwatchedRescanMs = DEFAULT_UNWATCHED_MS } = this.#options;
    const wanted = this.#problem() === undefined ? rescanMs : Math.min(rescanMs, unwatchedRescanMs);
    return Math.max(wanted, this.#lastScanMs / RESCAN_SHARE);
  }

  #scheduleRescan(): void {
    clearTimeout(this.#rescan);
    if (this.#abort.signal.aborted) return;
    this.#rescan = setTimeout(() => {
      this.hint(ROOT);
      this.#scheduleRescan();
    }, this.#rescanMs());
    this.#rescan.unref();
  }
}
