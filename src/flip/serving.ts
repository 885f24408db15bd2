/**
 * What the mount serves now: the committed view and the only way to change it.
 *
 * The committed view follows the data plane: it changes after a commit succeeded, and
 * not otherwise. Callers hold the flip lock around reading the view and committing.
 */

import type { AssetId, FileIdentity } from '../base/ids.js';
import type { CommitResult, MountedVolume } from '../mount/driver.js';
import { diffSome, diffView, toSwapChange, type ViewChange } from '../view/diff.js';
import { type View, type ViewEntry, type ViewKey, viewKey } from '../view/resolve.js';

export class Serving {
  readonly volume: MountedVolume;
  #view = new Map<ViewKey, ViewEntry>();
  #keys = new Map<AssetId, ViewKey>();

  constructor(volume: MountedVolume) {
    this.volume = volume;
  }

  get view(): View {
    return this.#view;
  }

  entryOf(id: AssetId): ViewEntry | undefined {
    const key = this.#keys.get(id);
    return key === undefined ? undefined : this.#view.get(key);
  }

  changesTo(desired: View): ViewChange[] {
    return diffView(this.#view, desired);
  }

  /** For some assets; ids without an entry in `desired` are taken out. */
  changesOf(ids: Iterable<AssetId>, desired: View): ViewChange[] {
    const stale: ViewKey[] = [];
    for (const id of ids) {
      const key = this.#keys.get(id);
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
    const result = await this.volume.commit(changes.map((change) => toSwapChange(change, isIdleOnly?.(change))));
    const busy = new Set(result.busy.map(viewKey));
    for (const change of changes) {
      if (!busy.has(change.key)) this.#apply(change);
    }
    return result;
  }

  /** After the data plane dropped an asset to its master by itself. */
  markMaster(key: ViewKey, reason: string): ViewEntry | undefined {
    const entry = this.#view.get(key);
    if (entry !== undefined) this.#view.set(key, { ...entry, swap: { kind: 'master' }, reason, profile: '' });
    return entry;
  }

  #apply({ key, from, to }: ViewChange): void {
    if (from !== undefined && this.#keys.get(from.id) === key) this.#keys.delete(from.id);
    if (to === undefined) {
      this.#view.delete(key);
    } else {
      this.#view.set(key, to);
      this.#keys.set(to.id, key);
    }
  }
}
