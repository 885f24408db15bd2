/**
 * What the mount serves now: the committed view and the only way to change it.
 *
 * The committed view follows the data plane: it changes after a commit succeeded, and
 * not otherwise. Callers hold the flip lock around reading the view and committing.
 */

import type { AssetId, FileIdentity } from '../base/ids.js';
import { returnMemory } from '../base/return-memory.js';
import type { CommitResult, MountedVolume } from '../mount/driver.js';
import { diffSome, diffView, toSwapChange, type ViewChange } from '../view/diff.js';
import { type View, type ViewEntry, type ViewKey, viewKey } from '../view/view.js';
import { ViewTable } from '../view/view-table.js';

export class Serving {
  readonly volume: MountedVolume;
  #view = new ViewTable();

  constructor(volume: MountedVolume) {
    this.volume = volume;
  }

  get view(): View {
    return this.#view;
  }

  entryOf(id: AssetId): ViewEntry | undefined {
    const key = this.#view.keyOf(id);
    return key === undefined ? undefined : this.#view.get(key);
  }

  changesTo(desired: ViewTable): ViewChange[] {
    return diffView(this.#view, desired);
  }

  /** For some assets; ids without an entry in `desired` are taken out. */
  changesOf(ids: Iterable<AssetId>, desired: ViewTable): ViewChange[] {
    const stale: ViewKey[] = [];
    for (const id of ids) {
      const key = this.#view.keyOf(id);
      // The identity may have passed to another asset meanwhile: then it is not ours to take out.
      if (key !== undefined && this.#view.get(key)?.id === id) stale.push(key);
    }
    return diffSome(this.#view, desired, stale);
  }

  /** Whether a file with this identity is in the table. */
  has(identity: FileIdentity): boolean {
    return this.#view.has(viewKey(identity));
  }

  /** Commits; what `isIdleOnly` picks is left out where somebody holds the file open. */
  async commit(changes: readonly ViewChange[], isIdleOnly?: (change: ViewChange) => boolean): Promise<CommitResult> {
    const result = await this.#commit(changes, isIdleOnly);
    const busy = new Set(result.busy.map(viewKey));
    for (const { key, to } of changes) {
      if (busy.has(key)) continue;
      if (to === undefined) this.#view.delete(key);
      else this.#view.set(key, to);
    }
    return result;
  }

  /** Commits the changes that lead to `desired`, which is the view from then on; the former view stays as it is. */
  async replace(desired: ViewTable, changes: readonly ViewChange[]): Promise<CommitResult> {
    const result = await this.#commit(changes);
    this.#view = desired;
    return result;
  }

  /** After the data plane dropped an asset to its master by itself. */
  markMaster(key: ViewKey, reason: string): ViewEntry | undefined {
    const entry = this.#view.get(key);
    if (entry !== undefined) this.#view.set(key, { ...entry, swap: { kind: 'master' }, reason, profile: '' });
    return entry;
  }

  async #commit(changes: readonly ViewChange[], isIdleOnly?: (change: ViewChange) => boolean): Promise<CommitResult> {
    const { length } = changes;
    try {
      return await this.volume.commit({
        length,
        // One at a time: a hundred thousand of them would double the memory of a flip.
        *[Symbol.iterator]() {
          for (const change of changes) yield toSwapChange(change, isIdleOnly?.(change));
        },
      });
    } finally {
      returnMemory(length);
    }
  }
}
