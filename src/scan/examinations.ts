/**
 * Examines what looks at the source found, beside them, and says when what still grows is to
 * be looked at again. Concurrency: any number at a time; all share the scanner's slots.
 */

import type { AssetId } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { Logger } from '../log/logger.js';
import type { Growing } from './examiner.js';
import type { Scanner } from './scanner.js';
import type { WalkedFile } from './walk.js';

export interface ExaminationsOptions {
  readonly scanner: Scanner;
  readonly log: Logger;
  readonly onTouched: (ids: readonly AssetId[]) => void;
  /** The path is to be looked at again. */
  readonly onDue: (path: VirtualPath) => void;
}

/** Files that are examined in one go. */
const BATCH = 64;
const LEAST_REVISIT_MS = 20;
/** What could not be examined now may be readable soon. */
const RETRY_MS = 5000;

export class Examinations {
  readonly #options: ExaminationsOptions;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** What is being examined, by its last change. */
  readonly #atWork = new Map<VirtualPath, bigint>();
  readonly #growing = new Map<VirtualPath, NodeJS.Timeout>();

  #toldTrouble: string | undefined;

  constructor(options: ExaminationsOptions) {
    this.#options = options;
  }

  /** What is being examined already, and has not changed since, is left to whoever does. */
  begin(files: readonly WalkedFile[]): void {
    const fresh = files.filter(({ path, ctimeNs }) => this.#atWork.get(path) !== ctimeNs);
    // Few at a time: one that still grows is looked at again in time, however many are examined beside it.
    for (let at = 0; at < fresh.length; at += BATCH) this.#beginSome(fresh.slice(at, at + BATCH));
  }

  /** The last write raises its event too early: growing files are looked at again when they may have settled. */
  revisit(growing: readonly Growing[]): void {
    if (this.#abort.signal.aborted) return;
    for (const { path, settledInMs } of growing) {
      clearTimeout(this.#growing.get(path));
      const again = () => {
        this.#growing.delete(path);
        this.#options.onDue(path);
      };
      this.#growing.set(path, setTimeout(again, Math.max(settledInMs, LEAST_REVISIT_MS)));
    }
  }

  /** Resolves when none is running. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const timer of this.#growing.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  #beginSome(files: readonly WalkedFile[]): void {
    for (const { path, ctimeNs } of files) this.#atWork.set(path, ctimeNs);
    const work = this.#examine(files).finally(() => {
      for (const { path, ctimeNs } of files) if (this.#atWork.get(path) === ctimeNs) this.#atWork.delete(path);
      this.#running.delete(work);
    });
    this.#running.add(work);
  }

  async #examine(files: readonly WalkedFile[]): Promise<void> {
    const { log, onDue, onTouched, scanner } = this.#options;
    const { signal } = this.#abort;
    try {
      const { growing } = await scanner.examine(files, { signal, onTouched });
      this.#toldTrouble = undefined;
      this.revisit(growing);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.#toldTrouble) {
        log.warn({ err: error, files: files.length }, 'new files could not be examined; it is tried again');
      }
      this.#toldTrouble = reason;
      const again = () => files.forEach(({ path }) => void onDue(path));
      setTimeout(again, RETRY_MS).unref();
    }
  }
}
