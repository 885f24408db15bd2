/**
 * What happens when an asset changes while nobody flips: a proxy becomes ready, a
 * master changes, a file that was held open is closed.
 *
 * `ready=auto` serves a new proxy at once, `idle` when nobody holds the path open,
 * `flush` at the next flush. A change back to the master never waits.
 * Concurrency: news is gathered for a moment and committed under the flip's lock.
 */

import type { AssetId, FileIdentity } from '../base/ids.js';
import { Slices } from '../base/slices.js';
import type { Logger } from '../log/logger.js';
import type { ViewChange } from '../view/diff.js';
import { resolveView, type ViewPolicy } from '../view/resolve.js';
import { type ViewKey, viewKey } from '../view/view.js';
import type { Flipper } from './flip.js';
import type { ModeStore } from './mode-store.js';
import type { Serving } from './serving.js';
import type { ViewSource } from './view-source.js';

export type ReadyPolicy = 'auto' | 'idle' | 'flush';

export interface ReadyOptions {
  readonly flipper: Flipper;
  readonly serving: Serving;
  readonly source: ViewSource;
  readonly modes: ModeStore;
  readonly policy: ViewPolicy;
  readonly ready: ReadyPolicy;
  readonly log: Logger;
  /** Between two looks at whether what was held open still is; default 1 second. */
  readonly heldMs?: number | undefined;
}

const GATHER_MS = 30;
const HELD_MS = 1000;
/** Assets of one commit: the loop is held for a few milliseconds, and a flip does not wait behind a whole project. */
const BATCH = 200;

export class Ready {
  readonly #options: ReadyOptions;
  /** Assets whose proxy waits for the last handle to be closed. */
  readonly #held = new Map<ViewKey, FileIdentity>();
  #news = new Set<AssetId>();
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ReadyOptions) {
    this.#options = options;
  }

  /** These assets, their names, masters or proxies are not what they were. */
  touch(ids: Iterable<AssetId>): void {
    if (this.#isClosed) return;
    for (const id of ids) this.#news.add(id);
    if (this.#news.size > 0) this.#timer ??= setTimeout(() => void this.settle(), GATHER_MS);
  }

  /** The last handle was closed. */
  onIdle(identity: FileIdentity): void {
    if (!this.#held.delete(viewKey(identity))) return;
    const asset = this.#options.source.byIdentity(identity);
    if (asset !== undefined) this.touch([asset.id]);
  }

  /**
   * The close of a file that came into the table while it was open raises no event, and one that
   * came before this side knew that it waits is no news: so as long as any waits, somebody looks.
   */
  #hold(identity: FileIdentity): void {
    this.#held.set(viewKey(identity), identity);
    this.#watch ??= setInterval(() => this.#lookAtHeld(), this.#options.heldMs ?? HELD_MS).unref();
  }

  #lookAtHeld(): void {
    const open = new Set(this.#options.serving.volume.handles().map(({ asset }) => viewKey(asset)));
    for (const [key, identity] of this.#held) if (!open.has(key)) this.onIdle(identity);
    if (this.#held.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** A writer took the asset back to its master; when it has closed the file, the view looks again. */
  onDemoted(identity: FileIdentity): void {
    const key = viewKey(identity);
    if (this.#options.serving.markMaster(key, 'master: it is being written to') !== undefined) this.#hold(identity);
  }

  /** Commits what is known now; resolves when it is served. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ids = [...this.#news];
    this.#news = new Set();
    const slices = new Slices();
    for (let at = 0; at < ids.length; at += BATCH) {
      await slices.rest();
      await this.#settle(ids.slice(at, at + BATCH));
    }
  }

  async #settle(ids: readonly AssetId[]): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#options.flipper.lock.run(() => this.#commit(ids));
    } catch (err) {
      if (!this.#isClosed) this.#options.log.error({ err }, 'what became ready could not be served');
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
  }

  async #commit(ids: readonly AssetId[]): Promise<void> {
    const { flipper, ready, serving } = this.#options;
    const all = this.#changesFor(ids);
    const changes = ready === 'flush' ? all.filter((change) => !leadsToProxy(change)) : all;
    if (changes.length === 0) return;
    const result = await serving.commit(changes, (change) => ready === 'idle' && leadsToProxy(change));
    for (const identity of result.busy) this.#hold(identity);
    await flipper.nudge(result, changes);
  }

  #changesFor(ids: readonly AssetId[]): ViewChange[] {
    const { modes, policy, serving, source } = this.#options;
    const assets = ids.flatMap((id) => source.get(id) ?? []);
    return serving.changesOf(ids, resolveView(assets, modes.state, policy));
  }
}

function leadsToProxy({ from, to }: ViewChange): boolean {
  return (
    to?.swap.kind === 'replace' && (from?.swap.kind !== 'replace' || from.swap.replacement !== to.swap.replacement)
  );
}
