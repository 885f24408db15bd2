/**
 * Watches of folders: one inotify watch for each folder, and nothing for the files in it, so
 * that memory follows the number of folders.
 *
 * Promises: a folder that is watched before it is listed loses nothing, since whatever comes
 * after the watch is told, and whatever came before is in the list. When the kernel has
 * dropped events, or may have, that is told as `onFlood`; when it grants no more watches,
 * `problem` says so and how to get more. Concurrency: all of it belongs to the event loop;
 * `onNews` is called from it and must not wait.
 *
 * A watch follows its folder, not its name. Whoever hears that a name has changed drops the
 * watches at and below it; the next walk sets them for what has the name now.
 */

import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { errnoOf } from '../base/error.js';
import { type RealPath, ROOT, realPathOf, type VirtualPath } from '../base/paths.js';

export interface FolderNews {
  readonly folder: VirtualPath;
  /** Without one, something in the folder has changed. */
  readonly name: string | undefined;
  /** `name`: it appeared, went, or stands for another file now; `content`: it was written to, or its rights changed. */
  readonly kind: 'name' | 'content';
}

export interface FolderWatchesOptions {
  readonly source: RealPath;
  readonly onNews: (news: FolderNews) => void;
  /** So much has happened at once that the kernel may have dropped some of it. */
  readonly onFlood: () => void;
  /** The kernel's queue in events; default what it says itself. */
  readonly queueLength?: number | undefined;
}

/** A folder that is known; without a watcher it could not be watched. */
interface Place {
  watcher: FSWatcher | undefined;
  readonly children: Map<string, Place>;
}

export class FolderWatches {
  readonly #options: FolderWatchesOptions;
  /** Half of the queue: events of watches that were dropped meanwhile are not counted here. */
  readonly #flood: number;
  #root: Place = newPlace();
  #size = 0;
  #problem: string | undefined;
  #turn = 0;
  #isClosed = false;

  constructor(options: FolderWatchesOptions) {
    this.#options = options;
    this.#flood = Math.max(1, Math.floor((options.queueLength ?? queueLength()) / 2));
  }

  /** How many folders are watched. */
  get size(): number {
    return this.#size;
  }

  /** Why not every folder is watched, in one sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** To be called before the folder is listed. */
  watch(folder: VirtualPath): void {
    if (this.#isClosed) return;
    const place = this.#make(folder);
    if (place.watcher !== undefined || this.#problem !== undefined) return;
    // Set while nobody told what their names stand for: the walk comes to them next, and sets them anew.
    for (const child of place.children.values()) this.#end(child);
    place.children.clear();
    try {
      const { source } = this.#options;
      const options = { persistent: false };
      const watcher = watch(realPathOf(source, folder), options, (kind, name) => this.#onEvent(folder, kind, name));
      // The watch itself has broken: the folder counts as not watched, and is found by rescans.
      watcher.on('error', () => this.drop(folder));
      place.watcher = watcher;
      this.#size += 1;
    } catch (error) {
      this.#problem = problemOf(error);
    }
  }

  /** Whether a walk has come by this folder, whether or not it could be watched. */
  knows(folder: VirtualPath): boolean {
    return this.#find(folder) !== undefined;
  }

  isWatched(folder: VirtualPath): boolean {
    return this.#find(folder)?.watcher !== undefined;
  }

  /** Ends the watches at and below the folder. */
  drop(folder: VirtualPath): void {
    const place = this.#find(folder);
    if (place === undefined) return;
    this.#end(place);
    const at = folder.lastIndexOf('/');
    if (folder === ROOT) this.#root = newPlace();
    else this.#find((at < 0 ? ROOT : folder.slice(0, at)) as VirtualPath)?.children.delete(folder.slice(at + 1));
  }

  /** More watches may have been granted meanwhile: the next walk tries again. */
  tryAgain(): void {
    this.#problem = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.drop(ROOT);
  }

  #onEvent(folder: VirtualPath, kind: string, name: string | null): void {
    if (this.#isClosed) return;
    // Everything the queue held arrives in one turn of the event loop.
    if (this.#turn === 0) setImmediate(() => this.#endTurn());
    this.#turn += 1;
    if (this.#turn > this.#flood) return;
    this.#options.onNews({ folder, name: name ?? undefined, kind: kind === 'change' ? 'content' : 'name' });
  }

  #endTurn(): void {
    const isFlood = this.#turn > this.#flood;
    this.#turn = 0;
    if (isFlood && !this.#isClosed) this.#options.onFlood();
  }

  #make(folder: VirtualPath): Place {
    let place = this.#root;
    for (const name of partsOf(folder)) {
      const next = place.children.get(name) ?? newPlace();
      place.children.set(name, next);
      place = next;
    }
    return place;
  }

  #find(folder: VirtualPath): Place | undefined {
    let place: Place | undefined = this.#root;
    for (const name of partsOf(folder)) place = place?.children.get(name);
    return place;
  }

  #end(place: Place): void {
    if (place.watcher !== undefined) {
      place.watcher.close();
      place.watcher = undefined;
      this.#size -= 1;
    }
    for (const child of place.children.values()) this.#end(child);
  }
}

const newPlace = (): Place => ({ watcher: undefined, children: new Map() });
const partsOf = (folder: VirtualPath): readonly string[] => (folder === ROOT ? [] : folder.split('/'));

/** undefined: this folder alone cannot be watched (it went, or is not ours to read), which the walk finds out too. */
function problemOf(error: unknown): string | undefined {
  const errno = errnoOf(error);
  if (errno === 'ENOSPC') {
    const limit = limitOf('max_user_watches');
    return `the kernel grants no more watches (fs.inotify.max_user_watches is ${limit}): raise it with 'sysctl fs.inotify.max_user_watches=1048576'`;
  }
  if (errno === 'EMFILE' || errno === 'ENFILE') {
    return "the kernel opens no more watchers: raise fs.inotify.max_user_instances, or the daemon's limit of open files";
  }
  if (errno === 'ENOSYS' || errno === 'ENOMEM') return `folders cannot be watched on this system (${errno})`;
  return undefined;
}

function queueLength(): number {
  return Number(limitOf('max_queued_events')) || 16_384;
}

function limitOf(name: string): string {
  try {
    return readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
