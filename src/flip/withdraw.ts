/**
 * Takes proxies out of the mount before they are taken out of the pool.
 *
 * Promises: when `forget` runs, no new open gets one of these proxies; with `onlyIfIdle`,
 * nobody holds one open either, and what is held is left as it was. Programs that hold a
 * damaged proxy keep the file they opened until they close it.
 *
 * Concurrency: under the flip's lock, so that no flip brings back what is being removed.
 */

import type { AssetId } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import { resolveView, type ViewPolicy } from '../view/resolve.js';
import { type ViewEntry, viewKey } from '../view/view.js';
import type { Flipper } from './flip.js';
import type { ModeStore } from './mode-store.js';
import type { Ready } from './ready.js';
import type { Serving } from './serving.js';
import type { ViewSource } from './view-source.js';

export interface WithdrawerOptions {
  readonly flipper: Flipper;
  readonly serving: Serving;
  readonly source: ViewSource;
  readonly modes: ModeStore;
  readonly policy: ViewPolicy;
  readonly ready: Ready;
}

/** One proxy, and the assets it may be served for. */
export interface Withdrawal {
  readonly file: RealPath;
  readonly assets: readonly AssetId[];
}

export interface WithdrawOptions {
  /** Shown as the reason why the master is served. */
  readonly reason: string;
  readonly onlyIfIdle: boolean;
}

export class Withdrawer {
  readonly #options: WithdrawerOptions;

  constructor(options: WithdrawerOptions) {
    this.#options = options;
  }

  /** `forget` is given what is served by nobody any more, and makes it so for good. Returns the same. */
  async withdraw<T extends Withdrawal>(
    items: readonly T[],
    { reason, onlyIfIdle }: WithdrawOptions,
    forget: (withdrawn: readonly T[]) => void,
  ): Promise<readonly T[]> {
    const { flipper, ready } = this.#options;
    return await flipper.lock.run(async () => {
      const busy = await this.#toMaster(items, reason, onlyIfIdle);
      const withdrawn = items.filter(({ assets }) => !assets.some((id) => busy.has(id)));
      forget(withdrawn);
      // Where one of several assets was busy, the others get their proxy back.
      ready.touch(items.flatMap(({ assets }) => assets));
      return withdrawn;
    });
  }

  /** Returns those that somebody holds open. */
  async #toMaster(items: readonly Withdrawal[], reason: string, onlyIfIdle: boolean): Promise<ReadonlySet<AssetId>> {
    const { flipper, serving } = this.#options;
    const served = items.flatMap(({ file, assets }) => assets.filter((id) => isServed(serving.entryOf(id), file)));
    const changes = serving.changesOf(served, this.#withoutProxies(served, reason));
    const result = changes.length === 0 ? undefined : await serving.commit(changes, () => onlyIfIdle);
    if (result !== undefined) await flipper.nudge(result, changes);
    return onlyIfIdle ? this.#held(items) : new Set();
  }

  #withoutProxies(ids: readonly AssetId[], reason: string) {
    const { modes, policy, source } = this.#options;
    const bare = ids
      .flatMap((id) => source.get(id) ?? [])
      .map((asset) => ({ ...asset, proxy: undefined, pending: reason }));
    return resolveView(bare, modes.state, policy);
  }

  /** Any handle counts: it may be on another set, or left from before a flip. */
  #held(items: readonly Withdrawal[]): ReadonlySet<AssetId> {
    const { serving, source } = this.#options;
    const open = new Set(serving.volume.handles().map(({ asset }) => viewKey(asset)));
    const isHeld = (id: AssetId) => {
      const asset = open.size === 0 ? undefined : source.get(id);
      return asset !== undefined && open.has(viewKey(asset.identity));
    };
    return new Set(items.flatMap(({ assets }) => assets.filter(isHeld)));
  }
}

function isServed(entry: ViewEntry | undefined, file: RealPath): boolean {
  return entry?.swap.kind === 'replace' && entry.swap.replacement === file;
}
