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
 * Concurrency: news during a look waits for the next, but not long: beside a look at much, such
 * as everything, others begin, and the scanner lets them in between. Examinations of several
 * looks go on side by side and share the scanner's slots.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { AssetId } from '../base/ids.js';
import { type RealPath, ROOT, type VirtualPath } from '../base/paths.js';
import type { Logger } from '../log/logger.js';
import { Examinations } from './examinations.js';
import { type FolderNews, FolderWatches } from './folder-watches.js';
import { isSilent } from './mount-points.js';
import { isCandidateName } from './names.js';
import { NewFolders } from './new-folders.js';
import { News } from './news.js';
import { Presence } from './presence.js';
import type { Scanner, ScanOptions, ScanResult } from './scanner.js';

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
  /** Another drive lies at the source's place, or the same once more: true when the mount shows it from now on. */
  readonly onSource?: (() => Promise<boolean>) | undefined;
  /** Something was mounted or unmounted at or below the source. */
  readonly onMounts?: (() => void) | undefined;
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
/** After so long a look no longer holds up the next. */
const LONG_LOOK_MS = 500;
/** A source that cannot be scanned now may be back soon. */
const RETRY_MS = 5000;

export class Follower {
  readonly #options: FollowerOptions;
  readonly #abort = new AbortController();
  readonly #watches: FolderWatches;
  readonly #news: News;
  readonly #presence: Presence;
  readonly #examinations: Examinations;
  readonly #newFolders: NewFolders;
  readonly #looks = new Set<Promise<void>>();
  /** A look began just now: what comes meanwhile is gathered for the next. */
  #isLooking = false;
  #isLookingAtAll = false;
  /** Everything has become news again during a look at it. */
  #isAllDue = false;
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
    const hint = (path: VirtualPath) => this.hint(path);
    const { log, onTouched, scanner } = options;
    this.#examinations = new Examinations({ scanner, log, onTouched, onDue: hint });
    this.#newFolders = new NewFolders(source, hint);
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
    const result = await this.#options.scanner.scan(prefix, { ...options, ...this.#watching });
    if (prefix === ROOT) this.#noteScan(performance.now() - started);
    this.#examinations.revisit(result.growing);
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
    this.#watches.close();
    await Promise.all([...this.#looks, this.#newFolders.close()]);
    await this.#examinations.close();
  }

  /** Watches what a walk comes by; all of it first where nothing raises news yet. */
  readonly #watching = {
    onFolder: (folder: VirtualPath) => this.#watches.watch(folder),
    wantsFoldersFirst: (folder: VirtualPath) => !this.#watches.isWatched(folder),
  };

  #look(): void {
    if (this.#isLooking || this.#abort.signal.aborted) return;
    const { places, isEverything } = this.#news.take();
    if (isEverything) this.#lookAtAll();
    if (places.length === 0) return;
    this.#isLooking = true;
    const look = this.#lookAt(places);
    this.#keep(look);
    void this.#goOnAfter(look);
  }

  /** Whatever is news meanwhile is due when the look is over, or takes long. */
  async #goOnAfter(look: Promise<unknown>): Promise<void> {
    const wait = new AbortController();
    const long = sleep(LONG_LOOK_MS, undefined, { signal: wait.signal, ref: false }).catch(() => undefined);
    await Promise.race([look, long]);
    wait.abort();
    this.#isLooking = false;
    if (!this.#abort.signal.aborted) this.#news.schedule();
  }

  #lookAtAll(): void {
    this.#isAllDue = this.#isLookingAtAll;
    if (this.#isLookingAtAll) return;
    this.#isLookingAtAll = true;
    this.#watches.tryAgain();
    const started = performance.now();
    const look = this.#lookAt([ROOT]).then((isDone) => {
      this.#isLookingAtAll = false;
      if (this.#abort.signal.aborted) return;
      if (isDone) this.#noteScan(performance.now() - started);
      if (this.#isAllDue) this.hint(ROOT);
    });
    this.#keep(look);
  }

  #keep(look: Promise<unknown>): void {
    const kept: Promise<void> = look.then(() => {
      this.#looks.delete(kept);
    });
    this.#looks.add(kept);
  }

  /** False: it has to be tried again. Never rejects. */
  async #lookAt(places: readonly VirtualPath[]): Promise<boolean> {
    const { log, scanner } = this.#options;
    const { signal } = this.#abort;
    try {
      const { doubtful, touched, toExamine } = await scanner.find(places, { signal, ...this.#watching });
      for (const path of doubtful) this.hint(path);
      if (touched.size > 0) this.#options.onTouched([...touched]);
      this.#examinations.begin(toExamine);
    } catch (error) {
      if (signal.aborted) return false;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.#toldTrouble) log.warn({ err: error }, 'the source could not be scanned; it is tried again');
      this.#toldTrouble = reason;
      this.#tryAgain(places);
      return false;
    }
    this.#toldTrouble = undefined;
    this.#askFailing();
    return true;
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
    for (const place of places) this.#watches.drop(place);
    const tell = () => {
      for (const place of places) this.hint(place);
      this.#options.onMounts?.();
    };
    // What is there now is held against the catalog, so before a look at it changes that.
    if (places.includes(ROOT)) void this.#askSource().finally(tell);
    else tell();
  }

  async #askSource(): Promise<void> {
    try {
      if (this.#presence.isReplaced && (await this.#options.onSource?.()) === true) this.#presence.anchor();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the mount could not be shown what lies at the place of its source now');
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
    else if (kind === 'name' && !isFolder) this.#newFolders.ask(path);
    // Of a folder that is watched the rights are no news; of one that could not be read, they are.
    else if (isFolder && (kind === 'name' || !this.#watches.isWatched(path))) this.hint(path);
  }

  #onFlood(): void {
    this.#options.log.info('so much has changed at once that everything is looked at again');
    this.#watches.drop(ROOT);
    this.hint(ROOT);
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
    const isAway = this.#options.scanner.offline.at(ROOT) !== undefined;
    // Without its drive the place is empty: what matters then is said of the drive.
    if (this.#presence.isReplaced && !isAway) {
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
