/**
 * The flip: one transaction from a change of mode to a verified mount.
 *
 * Promises: afterwards either every new open sees the new view, or none does, the old
 * mode holds, and the call is rejected with `flip/rolled-back` or `flip/verify-failed`.
 * The mode is recorded last: a daemon that dies half-way comes back with the old one.
 *
 * Concurrency: one transaction at a time, shared with the proxies that become ready.
 */

import { ProxyfsError } from '../base/error.js';
import type { AssetId } from '../base/ids.js';
import type { RealPath, VirtualPath } from '../base/paths.js';
import { returnMemory } from '../base/return-memory.js';
import type { Logger } from '../log/logger.js';
import type { CommitResult, OpenHandle } from '../mount/driver.js';
import { invert, sameSwap, type ViewChange } from '../view/diff.js';
import type { ModeState } from '../view/mode.js';
import { changeMode, type ModeChange } from '../view/mode-change.js';
import { resolveView, type ViewPolicy } from '../view/resolve.js';
import { type View, type ViewEntry, viewKey } from '../view/view.js';
import type { ViewTable } from '../view/view-table.js';
import { outdatedHandles } from './handles.js';
import { type HookResult, runHooks } from './hooks.js';
import type { ModeStore } from './mode-store.js';
import { Mutex } from './mutex.js';
import { nudge } from './nudge.js';
import type { Serving } from './serving.js';
import { goneProxies, type Mismatch, sampleOf, verify } from './verify.js';
import type { ViewSource } from './view-source.js';

export interface FlipperOptions {
  readonly serving: Serving;
  readonly source: ViewSource;
  readonly modes: ModeStore;
  readonly policy: ViewPolicy;
  readonly sourceDir: RealPath;
  /** Shell commands to run after a flip that changed something. */
  readonly hooks: readonly string[];
  /** The proxies of these assets are not in the pool any more: they have to be made again. */
  readonly onGone: (assets: readonly AssetId[]) => void;
  readonly log: Logger;
}

export interface FlipOutcome {
  readonly state: ModeState;
  readonly changed: number;
  readonly stayedMaster: readonly { readonly path: VirtualPath; readonly reason: string }[];
  readonly stayedMasterCount: number;
  /** Of those, the ones that cannot be read at all. */
  readonly deniedCount: number;
  readonly verified: number;
  readonly nudged: number;
  readonly hooks: readonly HookResult[];
  /** Those that hold the variant from before. */
  readonly handles: readonly OpenHandle[];
  readonly epoch: number;
  readonly totalMs: number;
  readonly tableMs: number;
  readonly kernelMs: number;
}

interface Transaction {
  readonly changes: readonly ViewChange[];
  readonly desired: ViewTable;
  /** `desired` is the view of the whole project, not of some paths. */
  readonly isWhole: boolean;
  /** The mode afterwards. */
  readonly state: ModeState;
  readonly started: number;
  /** Makes the mode last. */
  readonly record: () => void;
}

/** Enough for a person; machines ask with `ls` or `assert`. */
const MAX_LISTED = 1000;

export class Flipper {
  /** Whoever commits holds it. */
  readonly lock = new Mutex();
  readonly #options: FlipperOptions;

  constructor(options: FlipperOptions) {
    this.#options = options;
  }

  /** Fills the empty table of a new mount; nobody has looked anything up yet. */
  establish(view: ViewTable): Promise<CommitResult> {
    const { serving } = this.#options;
    return this.lock.run(() => serving.replace(view, serving.changesTo(view)));
  }

  flip(change: ModeChange): Promise<FlipOutcome> {
    return this.lock.run(async () => {
      const started = performance.now();
      const { modes } = this.#options;
      const state = changeMode(modes.state, change);
      const paths = change.kind === 'base' ? undefined : change.paths;
      return await this.#carryOut({ ...(await this.#plan(paths, state)), started, record: () => modes.save(change) });
    });
  }

  /** Serves what is ready below the paths (none: everywhere), also where somebody holds a file open. */
  flush(paths: readonly VirtualPath[]): Promise<FlipOutcome> {
    return this.lock.run(async () => {
      const started = performance.now();
      const plan = await this.#plan(paths.length === 0 ? undefined : paths, this.#options.modes.state);
      return await this.#carryOut({ ...plan, started, record: () => undefined });
    });
  }

  /** Wakes the watchers of what a commit changed. */
  async nudge({ known }: CommitResult, changes: readonly ViewChange[]): Promise<number> {
    const { log, serving, source } = this.#options;
    const isListed = (path: VirtualPath) => {
      const asset = source.byPath(path);
      return asset !== undefined && serving.has(asset.identity);
    };
    // Only a commit that takes entries out can have changed a file that has none now.
    const paths = changes.every(({ to }) => to !== undefined) ? known : known.filter(isListed);
    return await nudge(serving.volume.mountPoint, paths, (err) => log.debug({ err }, 'a file could not be nudged'));
  }

  /** What leads to the state, everywhere or below the paths; a proxy that is gone holds up its own clip alone. */
  async #plan(paths: readonly VirtualPath[] | undefined, state: ModeState) {
    const desired = paths === undefined ? this.#resolveAll(state) : this.#resolveBelow(paths, state);
    const isWhole = paths === undefined;
    const changesTo = () => (isWhole ? this.#changesTo(desired) : this.#changesOf(desired));
    const changes = changesTo();
    const gone = await goneProxies(changes.filter(changesContent));
    if (gone.length === 0) return { changes, desired, isWhole, state };
    for (const entry of this.#resolveWithoutProxies(gone, state).values()) desired.set(viewKey(entry.asset), entry);
    const ids = gone.map(({ id }) => id);
    this.#options.log.warn({ assets: ids }, 'proxies are gone from the pool: their masters are served');
    this.#options.onGone(ids);
    return { changes: changesTo(), desired, isWhole, state };
  }

  #resolveWithoutProxies(entries: readonly ViewEntry[], state: ModeState): View {
    const assets = entries.flatMap(({ id }) => this.#options.source.get(id) ?? []);
    const bare = assets.map((asset) => ({ ...asset, proxy: undefined, pending: 'it is gone from the pool' }));
    return resolveView(bare, state, this.#options.policy);
  }

  #resolveAll(state: ModeState): ViewTable {
    return resolveView(this.#options.source.all(state), state, this.#options.policy);
  }

  #resolveBelow(paths: readonly VirtualPath[], state: ModeState): ViewTable {
    return resolveView(this.#options.source.below(paths, state), state, this.#options.policy);
  }

  #changesTo(desired: ViewTable): ViewChange[] {
    return this.#options.serving.changesTo(desired);
  }

  #changesOf(desired: ViewTable): ViewChange[] {
    return this.#options.serving.changesOf(new Set(Array.from(desired.values(), ({ id }) => id)), desired);
  }

  async #carryOut({ changes, desired, isWhole, state, started, record }: Transaction): Promise<FlipOutcome> {
    const committed = await this.#commit(changes, isWhole ? desired : undefined);
    const nudged = await this.nudge(committed, changes);
    const hooks = await this.#runHooks(committed.changed, state);
    const verified = await this.#verifyOrUndo(changes, record);
    const { serving } = this.#options;
    const stayed = this.#stayedMaster(desired);
    returnMemory(changes.length);
    return {
      state,
      changed: committed.changed,
      ...stayed,
      verified,
      nudged,
      hooks,
      handles: outdatedHandles(serving.volume),
      epoch: committed.epoch,
      totalMs: performance.now() - started,
      tableMs: committed.tableNs / 1e6,
      kernelMs: committed.kernelNs / 1e6,
    };
  }

  async #commit(changes: readonly ViewChange[], whole: ViewTable | undefined): Promise<CommitResult> {
    const { serving } = this.#options;
    try {
      return await (whole === undefined ? serving.commit(changes) : serving.replace(whole, changes));
    } catch (cause) {
      throw new ProxyfsError(
        'flip/rolled-back',
        `the mount did not take the new view, and serves what it served before: ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  async #runHooks(changed: number, state: ModeState): Promise<readonly HookResult[]> {
    const { hooks, log, serving, sourceDir } = this.#options;
    if (changed === 0 || hooks.length === 0) return [];
    const facts = { source: sourceDir, mountPoint: serving.volume.mountPoint, mode: state.base, changed };
    const results = await runHooks(hooks, facts);
    for (const result of results) if (result.exitCode !== 0) log.warn({ ...result }, 'a hook failed');
    return results;
  }

  /** Returns how many paths were compared. The mode is recorded only when all was well. */
  async #verifyOrUndo(changes: readonly ViewChange[], record: () => void): Promise<number> {
    try {
      const { checked, mismatches } = await this.#verify(changes);
      if (mismatches.length > 0) throw verifyFailed(mismatches);
      record();
      return checked;
    } catch (error) {
      await this.#undo(changes, error);
      if (error instanceof ProxyfsError && error.code === 'flip/verify-failed') throw error;
      const message = `the flip was undone, and the mount serves what it served before: ${messageOf(error)}`;
      throw new ProxyfsError('flip/rolled-back', message, { cause: error });
    }
  }

  async #verify(changes: readonly ViewChange[]): Promise<{ checked: number; mismatches: readonly Mismatch[] }> {
    const { serving, source, sourceDir } = this.#options;
    const roots = { source: sourceDir, mountPoint: serving.volume.mountPoint };
    const sample = sampleOf(changes.filter(changesContent)).flatMap(({ to }) => {
      const path = to && source.get(to.id)?.paths[0];
      return to && path !== undefined ? [{ path, entry: to }] : [];
    });
    return { checked: sample.length, mismatches: await verify(sample, roots) };
  }

  async #undo(changes: readonly ViewChange[], because: unknown): Promise<void> {
    const { log, serving } = this.#options;
    log.error({ err: because }, 'a flip is undone');
    try {
      const undoing = invert(changes);
      await this.nudge(await serving.commit(undoing), undoing);
    } catch (cause) {
      const message = `the flip failed (${messageOf(because)}) and could not be undone: unmount and mount the project again`;
      throw new ProxyfsError('flip/rolled-back', message, { cause });
    }
  }

  #stayedMaster(desired: View): Pick<FlipOutcome, 'stayedMaster' | 'stayedMasterCount' | 'deniedCount'> {
    const stayed: { id: AssetId; reason: string }[] = [];
    let count = 0;
    let deniedCount = 0;
    for (const { id, mode, swap, reason } of desired.values()) {
      if (swap.kind === 'deny') deniedCount += 1;
      if (mode !== 'proxy' || swap.kind === 'replace') continue;
      count += 1;
      if (count <= MAX_LISTED) stayed.push({ id, reason });
    }
    const listed = stayed.flatMap(({ id, reason }) => {
      const path = this.#options.source.get(id)?.paths[0];
      return path === undefined ? [] : [{ path, reason: reason.replace(/^\w+: /, '') }];
    });
    return { stayedMaster: listed, stayedMasterCount: count, deniedCount };
  }
}

function changesContent({ from, to }: ViewChange): boolean {
  if (to === undefined) return false;
  return from === undefined ? to.swap.kind !== 'master' : !sameSwap(from.swap, to.swap);
}

function verifyFailed(mismatches: readonly Mismatch[]): ProxyfsError {
  const [first] = mismatches;
  const message = `the flip was undone, because '${first?.path}' was not served as it should be: ${first?.reason}`;
  return new ProxyfsError('flip/verify-failed', message, { details: { mismatches } });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
