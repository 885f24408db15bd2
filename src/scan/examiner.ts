/**
 * The second half of a scan: describes what was found, once it has settled.
 *
 * Promises: a description is recorded only when the file was the same before and after
 * it was looked at. Concurrency: any number of calls; all share one set of slots, each
 * call asks for at most all of them, so that a small scan is not held up by a large one.
 */

import { lstat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { errnoOf } from '../base/error.js';
import type { AssetId } from '../base/ids.js';
import { type RealPath, realPathOf, type VirtualPath } from '../base/paths.js';
import type { AssetRow } from '../catalog/asset.js';
import type { Catalog } from '../catalog/catalog.js';
import { type Examine, isExamined } from './examine.js';
import { Semaphore } from './semaphore.js';
import type { Settling } from './settle.js';
import type { WalkedFile } from './walk.js';

export interface ExaminerOptions {
  readonly source: RealPath;
  readonly catalog: Catalog;
  readonly examine: Examine;
  readonly settling: Settling;
  readonly clock: Clock;
  readonly concurrency: number;
  /** Whether somebody holds the file open for writing, as far as that is known. */
  readonly isBeingWritten?: ((file: WalkedFile) => boolean) | undefined;
}

export interface ExamineOptions {
  readonly signal?: AbortSignal | undefined;
  readonly settleWithinMs: number;
  readonly onExamined: (examined: number) => void;
  /** Told of what is described in parts, while the rest goes on. */
  readonly onDescribed?: ((ids: readonly AssetId[]) => void) | undefined;
}

export interface Examined {
  readonly described: readonly AssetId[];
  /** Files that are still growing. */
  readonly growing: readonly Growing[];
}

export interface Growing {
  readonly path: VirtualPath;
  /** When it can have settled, if nothing more happens to it. */
  readonly settledInMs: number;
}

/** Described assets that are told at once. */
const PART = 64;

export const STILL_GROWING = 'still growing';

export class Examiner {
  readonly #options: ExaminerOptions;
  readonly #slots: Semaphore;
  /** What is being looked at: two scans that meet at a file look one after the other, and the second has less to do. */
  readonly #atWork = new Map<VirtualPath, Promise<unknown>>();

  constructor(options: ExaminerOptions) {
    this.#options = options;
    this.#slots = new Semaphore(options.concurrency);
  }

  async examineAll(files: readonly WalkedFile[], options: ExamineOptions): Promise<Examined> {
    const { clock, settling } = this.#options;
    const deadline = clock.now() + options.settleWithinMs;
    const described: AssetId[] = [];
    let told = 0;
    const tell = (atLeast: number) => {
      if (described.length - told < atLeast) return;
      options.onDescribed?.(described.slice(told));
      told = described.length;
    };
    const onExamined = (examined: number) => {
      options.onExamined(examined);
      tell(PART);
    };
    let pending = files;
    for (;;) {
      const examined = files.length - pending.length;
      pending = await this.#round(pending, described, examined, { ...options, onExamined });
      tell(1);
      const patience = deadline - clock.now();
      if (pending.length === 0 || patience <= 0) break;
      const next = pending.reduce((least, file) => Math.min(least, Math.max(settling.remaining(file), 50)), patience);
      const wait = Math.min(patience, next);
      await sleep(wait, undefined, { signal: options.signal });
      pending = await this.#lookAgain(pending);
    }
    const growing = pending.map((file) => ({ path: file.path, settledInMs: settling.remaining(file) }));
    return { described, growing };
  }

  /** Examines what is settled; returns what is not. */
  async #round(
    files: readonly WalkedFile[],
    described: AssetId[],
    examinedBefore: number,
    options: ExamineOptions,
  ): Promise<WalkedFile[]> {
    const growing: WalkedFile[] = [];
    let [next, examined] = [0, examinedBefore];
    const worker = async () => {
      for (let file = files[next++]; file !== undefined; file = files[next++]) {
        options.signal?.throwIfAborted();
        if (await this.#inTurn(file, described, options.signal)) options.onExamined(++examined);
        else growing.push(file);
      }
    };
    const workers = Array.from({ length: Math.min(this.#options.concurrency, files.length) }, worker);
    // All of them have ended before anyone hears that one failed: nothing is described afterwards.
    const ends = await Promise.allSettled(workers);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return growing;
  }

  async #inTurn(file: WalkedFile, described: AssetId[], signal: AbortSignal | undefined): Promise<boolean> {
    for (let other = this.#atWork.get(file.path); other !== undefined; other = this.#atWork.get(file.path)) {
      // Whatever came of it is the other's to report.
      await other.catch(() => undefined);
    }
    const work = this.#examineOne(file, described, signal);
    this.#atWork.set(file.path, work);
    try {
      return await work;
    } finally {
      this.#atWork.delete(file.path);
    }
  }

  /** False: it still grows. */
  async #examineOne(file: WalkedFile, described: AssetId[], signal: AbortSignal | undefined): Promise<boolean> {
    const { catalog, examine, isBeingWritten, settling, source } = this.#options;
    const asset = catalog.byPath(file.path);
    // Gone or replaced since the walk: the change that did it is scanned by itself.
    if (asset === undefined || !isSameFile(file, asset)) return true;
    // A known clip under a new name is complete; only its verdict is asked for.
    const isMoved = isExamined(asset);
    if (!isMoved && (settling.remaining(file) > 0 || isBeingWritten?.(file))) return this.#markGrowing(file);
    const facts = await this.#slots.run(() => {
      signal?.throwIfAborted();
      return examine({ asset, path: file.path, real: realPathOf(source, file.path), signal });
    });
    const now = await this.#look(file.path);
    if (now === undefined) return true;
    const isUnchanged = isSameFile(now, asset) && (isMoved || now.ctimeNs === file.ctimeNs);
    if (!isUnchanged) return this.#markGrowing(now);
    described.push(catalog.describe(asset.id, facts).id);
    return true;
  }

  #markGrowing(file: WalkedFile): false {
    const { catalog } = this.#options;
    const { asset } = catalog.observe(file);
    const eligibility = { kind: 'unknown', reason: STILL_GROWING } as const;
    if (!isExamined(asset) && asset.eligibility.kind === 'unknown' && asset.eligibility.reason !== STILL_GROWING) {
      catalog.describe(asset.id, { fingerprint: undefined, media: undefined, eligibility });
    }
    return false;
  }

  /** As they are now, with the catalog knowing it: a file that grew is another content of the same asset. */
  async #lookAgain(files: readonly WalkedFile[]): Promise<WalkedFile[]> {
    const again = await Promise.all(files.map((file) => this.#look(file.path)));
    const there = again.filter((file) => file !== undefined);
    this.#options.catalog.observeAll(there);
    return there;
  }

  async #look(path: VirtualPath): Promise<WalkedFile | undefined> {
    try {
      const stat = await lstat(realPathOf(this.#options.source, path), { bigint: true });
      if (!stat.isFile()) return this.#gone(path);
      const master = { size: stat.size, mtimeNs: stat.mtimeNs };
      return { path, identity: { dev: stat.dev, ino: stat.ino }, master, ctimeNs: stat.ctimeNs };
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return this.#gone(path);
      throw error;
    }
  }

  #gone(path: VirtualPath): undefined {
    this.#options.settling.forget(path);
    return undefined;
  }
}

const isSameFile = (file: WalkedFile, asset: AssetRow): boolean =>
  asset.identity.ino === file.identity.ino &&
  asset.master.size === file.master.size &&
  asset.master.mtimeNs === file.master.mtimeNs;
