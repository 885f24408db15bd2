/**
 * Brings the catalog in line with the source tree: finds media files, drops names that
 * went, and examines what is new or changed once it has settled.
 *
 * Promises: nothing is forgotten that could not be looked at; nothing is described from
 * a file that changed meanwhile. Concurrency: scans may overlap. One at a time walks, and lets
 * smaller ones in between; the examinations of all share one bounded set of slots.
 */

import { lstat } from 'node:fs/promises';
import { type Clock, systemClock } from '../base/clock.js';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { AssetId } from '../base/ids.js';
import { type RealPath, ROOT, type VirtualPath } from '../base/paths.js';
import { returnMemory } from '../base/return-memory.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Logger } from '../log/logger.js';
import type { Examine } from './examine.js';
import { type Examined, Examiner, type Growing } from './examiner.js';
import { type Finding, findAssets } from './find.js';
import { type OfflineNews, OfflinePlaces } from './offline.js';
import { Settling } from './settle.js';
import { Turns } from './turns.js';
import type { WalkedFile } from './walk.js';

export interface ScannerOptions {
  readonly source: RealPath;
  readonly catalog: Catalog;
  readonly examine: Examine;
  readonly log: Logger;
  readonly hiddenRootNames: readonly string[];
  /** How many files are examined at once, over all scans; default 2. */
  readonly concurrency?: number | undefined;
  /** A file that changed more recently than this is still growing; default 2000. */
  readonly settleMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Whether somebody holds the file open for writing, as far as that is known: it is not complete then. */
  readonly isBeingWritten?: ((file: WalkedFile) => boolean) | undefined;
  readonly onOffline?: ((news: OfflineNews) => void) | undefined;
}

/** `total` (files to examine) is undefined until the walk is over. */
export interface ScanProgress {
  readonly found: number;
  readonly probed: number;
  readonly total: number | undefined;
}

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ScanProgress) => void) | undefined;
  /** Waits for files that are still growing, at most this long; default 0: they are left for a later scan. */
  readonly settleWithinMs?: number | undefined;
  /** Called before a folder is listed: what happens in it from then on is not in the result. */
  readonly onFolder?: ((folder: VirtualPath) => void) | undefined;
  /** Whether `onFolder` shall hear of all folders below before any file is looked at: for watches, which raise news from then on. */
  readonly wantsFoldersFirst?: ((prefix: VirtualPath) => boolean) | undefined;
  /** Told of `touched` as soon as it is known, in parts: examining may take hours. */
  readonly onTouched?: ((ids: readonly AssetId[]) => void) | undefined;
}

export interface ScanResult {
  /** Media files at or below the prefix. */
  readonly found: number;
  readonly probed: number;
  /** Assets whose names, content or description are not what they were: the view has to look again. */
  readonly touched: readonly AssetId[];
  /** Names to be looked at again: hard links to a file that was moved and changed. */
  readonly doubtful: readonly VirtualPath[];
  /** Names that went. */
  readonly forgotten: number;
  /** Still growing: left `unknown`, to be scanned again. */
  readonly growing: readonly Growing[];
  /** Folders and files that could not be looked into; what is known of them is kept. */
  readonly unreadable: readonly { readonly path: VirtualPath; readonly reason: string }[];
  /** Names that cannot be served, or are not entered. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

const DEFAULT_CONCURRENCY = 2;
const DEFAULT_SETTLE_MS = 2000;

export class Scanner {
  readonly #options: ScannerOptions;
  readonly #examiner: Examiner;
  readonly #walking = new Turns();
  readonly #clock: Clock;
  readonly offline: OfflinePlaces;

  constructor(options: ScannerOptions) {
    this.#options = options;
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.offline = new OfflinePlaces(options.source, options.onOffline);
    this.#examiner = new Examiner({
      source: options.source,
      catalog: options.catalog,
      examine: options.examine,
      settling: new Settling(clock, options.settleMs ?? DEFAULT_SETTLE_MS),
      clock,
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      isBeingWritten: options.isBeingWritten,
    });
  }

  /**
   * Scans what lies at or below `prefix`, a folder or a file; a prefix that is gone is forgotten.
   * Rejects with `source/missing` when the source itself is not there, and with the
   * signal's reason when aborted; what was learnt until then is kept.
   */
  async scan(prefix: VirtualPath, options: ScanOptions = {}): Promise<ScanResult> {
    const finding = await this.find([prefix], options);
    const found = finding.seen.size;
    const total = finding.toExamine.length;
    let probed = 0;
    const onExamined = (count: number) => {
      probed = count;
      options.onProgress?.({ found, probed, total });
    };
    onExamined(0);
    options.onTouched?.([...finding.touched]);
    const examined = await this.examine(finding.toExamine, { ...options, onExamined });
    for (const asset of examined.described) finding.touched.add(asset);
    const { forgotten, unreadable, skipped } = finding;
    returnMemory(found);
    const [touched, doubtful] = [[...finding.touched], [...finding.doubtful]];
    return { found, probed, touched, doubtful, forgotten, growing: examined.growing, unreadable, skipped };
  }

  /** The first half: names, sizes and dates. None of the prefixes lies below another. */
  async find(prefixes: readonly VirtualPath[], options: ScanOptions = {}): Promise<Finding> {
    await this.#requireSource();
    const isLong = prefixes.includes(ROOT);
    const finding = await this.#walking.run(() => this.#find(prefixes, options), { isLong });
    for (const path of this.offline.update(prefixes, finding.offline, this.#clock.now())) this.#welcome(path, finding);
    this.#report(finding);
    return finding;
  }

  /** The second half, for what the first one found. */
  async examine(
    files: readonly WalkedFile[],
    options: ScanOptions & { readonly onExamined?: ((count: number) => void) | undefined } = {},
  ): Promise<Examined> {
    const { signal, settleWithinMs = 0, onExamined = () => undefined, onTouched } = options;
    return await this.#examiner.examineAll(files, { signal, settleWithinMs, onExamined, onDescribed: onTouched });
  }

  /** What is back was left alone while it was offline: whoever acts on what is touched looks at it again. */
  #welcome(path: VirtualPath, finding: Finding): void {
    const { catalog, log } = this.#options;
    log.info({ path }, 'it can be reached again');
    for (let page = catalog.names(path); page.length > 0; page = catalog.names(path, page.at(-1)?.path)) {
      for (const { id } of page) finding.touched.add(id);
    }
  }

  /** The answer of a volume that is not connected would forget the whole project. */
  async #requireSource(): Promise<void> {
    const { catalog, source } = this.#options;
    const reason = await lstat(source).then(
      (stat) => (stat.isDirectory() ? undefined : 'is not a folder'),
      (error: unknown) => `is not there (${errnoOf(error) ?? String(error)})`,
    );
    if (reason === undefined) return;
    this.offline.loseAll(reason, catalog.counts().total, this.#clock.now());
    throw new ProxyfsError(
      'source/missing',
      `the source ${source} ${reason}; nothing was forgotten: connect its volume and scan again`,
    );
  }

  async #find(prefixes: readonly VirtualPath[], options: ScanOptions): Promise<Finding> {
    const { signal, onFolder, onProgress, wantsFoldersFirst } = options;
    signal?.throwIfAborted();
    const { source, catalog, hiddenRootNames } = this.#options;
    const onFound = (found: number) => onProgress?.({ found, probed: 0, total: undefined });
    const hooks = { onFolder, onFound, wantsFoldersFirst, turn: this.#walking };
    return await findAssets(prefixes, { source, catalog, hiddenRootNames, signal, ...hooks });
  }

  #report({ unreadable, skipped }: Finding): void {
    const { log } = this.#options;
    for (const { path, reason } of unreadable)
      log.warn({ path, reason }, 'cannot be looked into; what is known is kept');
    for (const { name, reason } of skipped) log.warn({ name, reason }, 'left out of the scan');
  }
}
