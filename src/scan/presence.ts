/**
 * Notices that file systems of the source come and go, which raises no event in any folder:
 * looks at the kernel's table of mounts and at the source's own folder every second. Neither
 * costs more than some microseconds. Concurrency: one look at a time; one that hangs (a dead
 * server) holds up no other.
 */

import { lstat } from 'node:fs/promises';
import { type RealPath, ROOT, type VirtualPath } from '../base/paths.js';
import { type Placement, placementOf, readMountinfo } from './mount-points.js';

export interface PresenceOptions {
  readonly source: RealPath;
  /** Something else is mounted, or nothing any more, at these places. */
  readonly onChange: (places: readonly VirtualPath[]) => void;
  /** Called with each look, as long as file systems are mounted below the source. */
  readonly onNested?: (() => void) | undefined;
  /** Default 1000. */
  readonly everyMs?: number | undefined;
}

const GONE = 'gone';

export class Presence {
  readonly #options: PresenceOptions;
  #timer: NodeJS.Timeout | undefined;
  #mountinfo = '';
  #placement: Placement | undefined;
  #root: string | undefined;
  /** The folder, and what was mounted for it, that a mount goes on showing. */
  #shown: { readonly root: string; readonly mount: string | undefined } | undefined;
  #isLooking = false;
  #isAsking = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), this.#options.everyMs ?? 1000);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** As of the last look. */
  get placement(): Placement {
    return this.#placement ?? new Map();
  }

  /** Another folder or drive has come to the source's place, or the same drive once more. */
  get isReplaced(): boolean {
    if (this.#root === undefined || this.#root === GONE || this.#shown === undefined) return false;
    return this.#root !== this.#shown.root || this.#mount() !== this.#shown.mount;
  }

  /** From now on a mount shows what is there now. */
  anchor(): void {
    if (this.#root !== undefined) this.#shown = { root: this.#root, mount: this.#mount() };
  }

  #mount(): string | undefined {
    return this.placement.get(ROOT)?.id;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const mountinfo = await readMountinfo();
    if (mountinfo !== this.#mountinfo) this.#compare(mountinfo);
    if (this.placement.size > 1) this.#options.onNested?.();
    this.#isLooking = false;
    await this.#askRoot();
  }

  #compare(mountinfo: string): void {
    this.#mountinfo = mountinfo;
    const before = this.#placement;
    const now = placementOf(this.#options.source, mountinfo);
    this.#placement = now;
    if (before === undefined) return;
    const places = new Set([...before.keys(), ...now.keys()]);
    const changed = [...places].filter((path) => before.get(path)?.id !== now.get(path)?.id);
    if (changed.length > 0) this.#options.onChange(changed);
  }

  /** The folder of the source may be another one, without any mount that tells. */
  async #askRoot(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const root = await lstat(this.#options.source, { bigint: true }).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => GONE,
    );
    this.#isAsking = false;
    const before = this.#root;
    this.#root = root;
    if (this.#shown === undefined) this.anchor();
    if (before !== undefined && before !== root) this.#options.onChange([ROOT]);
  }
}
