/**
 * Keeps the catalog in line with the source tree while the daemon runs.
 *
 * Three sources of news: hints from the mount (a file was written or renamed through
 * it), chokidar's events on the source tree, and a scan of everything from time to
 * time, since both may miss something (changes by other hosts on shared storage raise
 * no event here). News is gathered until it is quiet, then scanned prefix by prefix.
 *
 * chokidar holds an inotify watch and some 10 KB for every file: a large tree is not
 * watched, only rescanned. Concurrency: one scan at a time; news during a scan waits.
 */

import { basename } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { isAtOrBelow, type RealPath, ROOT, type VirtualPath, virtualPathBelow } from '../base/paths.js';
import type { Logger } from '../log/logger.js';
import { isCandidateName } from './names.js';
import type { Scanner, ScanResult } from './scanner.js';

export interface FollowerOptions {
  readonly scanner: Scanner;
  readonly source: RealPath;
  readonly log: Logger;
  /** Called after each scan that changed something. */
  readonly onScanned: (result: ScanResult) => void;
  readonly hiddenRootNames: readonly string[];
  /** Above this many watched files and folders the tree is only rescanned; default 10,000. */
  readonly watchLimit?: number | undefined;
  /** Quiet time before news is scanned; default 500. */
  readonly debounceMs?: number | undefined;
  /** Time between scans of everything; default 5 minutes. */
  readonly rescanMs?: number | undefined;
  /** Time before a growing file is looked at again; default 2000. */
  readonly settleMs?: number | undefined;
}

/** More changed places than this are scanned as one: their common root. */
const MAX_PREFIXES = 200;
/** News that never pauses is scanned after this many quiet times. */
const MAX_PATIENCE = 10;

export class Follower {
  readonly #options: FollowerOptions;
  readonly #abort = new AbortController();
  readonly #news = new Set<VirtualPath>();
  readonly #growing = new Set<VirtualPath>();
  #newsSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rescan: NodeJS.Timeout | undefined;
  #revisiting: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #watched = 0;
  #isReady = false;
  #scanning: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Starts watching; the first scan is the caller's. */
  start(): void {
    this.#rescan = setInterval(() => this.hint(ROOT), this.#options.rescanMs ?? 300_000);
    this.#rescan.unref();
    if ((this.#options.watchLimit ?? 10_000) > 0) this.#watch();
  }

  /** Something at or below `path` may have changed. */
  hint(path: VirtualPath): void {
    if (this.#abort.signal.aborted) return;
    this.#news.add(path);
    if (this.#news.size > MAX_PREFIXES) {
      this.#news.clear();
      this.#news.add(ROOT);
    }
    this.#schedule();
  }

  /** Whether the tree is watched, for status and doctor. */
  get isWatching(): boolean {
    return this.#watcher !== undefined;
  }

  /** Whether every change from now on raises an event. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves when no scan is running and no watch is left. */
  async close(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#revisiting);
    clearInterval(this.#rescan);
    await this.#stopWatching();
    await this.#scanning;
  }

  #schedule(): void {
    const quiet = this.#options.debounceMs ?? 500;
    this.#newsSince ??= Date.now();
    if (this.#timer !== undefined && Date.now() - this.#newsSince > quiet * MAX_PATIENCE) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), quiet);
  }

  #run(): void {
    this.#timer = undefined;
    if (this.#scanning !== undefined) return;
    this.#scanning = this.#scanNews().finally(() => {
      this.#scanning = undefined;
      if (this.#news.size > 0 && !this.#abort.signal.aborted) this.#schedule();
    });
  }

  async #scanNews(): Promise<void> {
    const prefixes = topmost([...this.#news]);
    this.#news.clear();
    this.#newsSince = undefined;
    for (const prefix of prefixes) {
      try {
        const result = await this.#options.scanner.scan(prefix, { signal: this.#abort.signal });
        this.revisit(result.growing);
        if (result.touched.length > 0) this.#options.onScanned(result);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        this.#options.log.warn({ err: error, prefix }, 'the source could not be scanned; it is tried again later');
      }
    }
  }

  /** Looks again at growing files when they may have settled: the last write raises its event too early. */
  revisit(paths: readonly VirtualPath[]): void {
    if (paths.length === 0 || this.#abort.signal.aborted) return;
    for (const path of paths) this.#growing.add(path);
    this.#revisiting ??= setTimeout(() => {
      this.#revisiting = undefined;
      const due = [...this.#growing];
      this.#growing.clear();
      for (const path of due) this.hint(path);
    }, this.#options.settleMs ?? 2000);
  }

  #watch(): void {
    const { source, hiddenRootNames, log } = this.#options;
    const limit = this.#options.watchLimit ?? 10_000;
    const isHidden = (path: string) => hiddenRootNames.includes(virtualPathBelow(source, path) ?? '');
    const watcher = watch(source, { ignoreInitial: false, followSymlinks: false, ignored: isHidden, atomic: false });
    watcher.on('ready', () => {
      this.#isReady = this.#watcher === watcher;
      // What happened while the watches were set raised no event.
      this.hint(ROOT);
    });
    watcher.on('all', (event, path) => {
      if (event === 'add' || event === 'addDir') this.#watched += 1;
      if (event === 'unlink' || event === 'unlinkDir') this.#watched -= 1;
      if (this.#watched > limit) {
        log.info({ limit }, 'the source is too large to be watched; it is rescanned from time to time');
        void this.#stopWatching();
      } else if (this.#isReady && isNews(event, path)) {
        this.#hintReal(path);
      }
    });
    watcher.on('error', (error) => {
      log.warn({ err: error }, 'the source cannot be watched; it is rescanned from time to time');
      void this.#stopWatching();
    });
    this.#watcher = watcher;
  }

  #hintReal(path: string): void {
    const virtual = virtualPathBelow(this.#options.source, path);
    if (virtual !== undefined) this.hint(virtual);
  }

  async #stopWatching(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#isReady = false;
    await watcher?.close();
  }
}

/** A file that a scan would not look at changes nothing: editors save projects and renders all day. */
function isNews(event: string, path: string): boolean {
  return event === 'addDir' || event === 'unlinkDir' || isCandidateName(basename(path));
}

/** Leaves out what lies below another one. */
function topmost(paths: readonly VirtualPath[]): readonly VirtualPath[] {
  const sorted = [...paths].sort((a, b) => a.length - b.length);
  const kept: VirtualPath[] = [];
  for (const path of sorted) if (!kept.some((above) => isAtOrBelow(path, above))) kept.push(path);
  return kept;
}
