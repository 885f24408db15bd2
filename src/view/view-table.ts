/**
 * A view in columns: one entry per file identity, in a third of the memory that objects would take.
 * A project has 100,000 entries, and a flip holds two views at a time.
 *
 * Entries are put together when they are asked for: changing one changes nothing in the table.
 */

import type { AssetId } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';
import type { Swap } from '../mount/driver.js';
import { KeyColumn } from './key-column.js';
import type { Mode } from './mode.js';
import { mix, SlotIndex } from './slot-index.js';
import { TextColumn } from './text-column.js';
import { identityOf, type View, type ViewEntry, type ViewKey } from './view.js';

const KINDS: readonly Swap['kind'][] = ['master', 'replace', 'deny'];
const MODES: readonly Mode[] = ['proxy', 'master'];
/** Times and sizes of one entry: the shown mtime, and size and mtime of the guard. */
const NUMBERS = 3;
const FIRST_CAPACITY = 16;
/** The kind of a slot that is not in use. */
const FREE = 255;
const MASTER: Swap = { kind: 'master' };
const DENY: Swap = { kind: 'deny' };

export class ViewTable implements View {
  readonly #keys = new KeyColumn();
  readonly #byKey = new SlotIndex((slot) => this.#keys.hashOf(slot));
  /** Where each asset is; another slot may still have its id. */
  readonly #byId = new SlotIndex((slot) => hashOfId(this.#ids[slot] ?? 0));
  readonly #free: number[] = [];
  /** Slots that were ever in use. */
  #slots = 0;
  #ids = new Float64Array(FIRST_CAPACITY);
  #modes = new Uint8Array(FIRST_CAPACITY);
  #kinds = new Uint8Array(FIRST_CAPACITY);
  #numbers = new BigInt64Array(FIRST_CAPACITY * NUMBERS);
  readonly #reasons: string[] = [];
  readonly #profiles: string[] = [];
  readonly #replacements = new TextColumn();

  get size(): number {
    return this.#slots - this.#free.length;
  }

  has(key: ViewKey): boolean {
    return this.#find(key) !== undefined;
  }

  get(key: ViewKey): ViewEntry | undefined {
    const slot = this.#find(key);
    return slot === undefined ? undefined : this.#entryAt(key, slot);
  }

  /** Where the asset is; its identity may have passed to another one since. */
  keyOf(id: AssetId): ViewKey | undefined {
    const slot = this.#slotOf(id);
    return slot === undefined ? undefined : this.#keys.get(slot);
  }

  /** In no order. Nothing is set or deleted until the end. */
  *keys(): Generator<ViewKey, void> {
    for (const slot of this.#inUse()) yield this.#keys.get(slot);
  }

  *values(): Generator<ViewEntry, void> {
    for (const slot of this.#inUse()) yield this.#entryAt(this.#keys.get(slot), slot);
  }

  /** How many are served from a replacement, without putting entries together. */
  get replaced(): number {
    const replace = KINDS.indexOf('replace');
    let count = 0;
    for (const slot of this.#inUse()) if (this.#kinds[slot] === replace) count += 1;
    return count;
  }

  set(key: ViewKey, { id, mode, swap, reason, profile }: ViewEntry): void {
    const slot = this.#slotFor(key);
    this.#modes[slot] = MODES.indexOf(mode);
    this.#kinds[slot] = KINDS.indexOf(swap.kind);
    this.#reasons[slot] = reason;
    this.#profiles[slot] = profile;
    this.#replacements.set(slot, swap.kind === 'replace' ? swap.replacement : undefined);
    if (swap.kind === 'replace') {
      this.#numbers[slot * NUMBERS] = swap.mtimeNs;
      this.#numbers[slot * NUMBERS + 1] = swap.guard.size;
      this.#numbers[slot * NUMBERS + 2] = swap.guard.mtimeNs;
    }
    const before = this.#slotOf(id);
    if (before !== undefined) this.#byId.delete(before);
    this.#ids[slot] = id;
    this.#byId.add(slot);
  }

  delete(key: ViewKey): void {
    const slot = this.#find(key);
    if (slot === undefined) return;
    this.#forgetAsset(slot);
    this.#byKey.delete(slot);
    this.#kinds[slot] = FREE;
    this.#free.push(slot);
    this.#replacements.set(slot, undefined);
  }

  /** Whether both have the same entry at the key; both have one there. */
  agreesWith(other: ViewTable, key: ViewKey): boolean {
    const [mine, theirs] = [this.#find(key), other.#find(key)];
    if (mine === undefined || theirs === undefined) return false;
    return (
      this.#ids[mine] === other.#ids[theirs] &&
      this.#modes[mine] === other.#modes[theirs] &&
      this.#kinds[mine] === other.#kinds[theirs] &&
      this.#reasons[mine] === other.#reasons[theirs] &&
      this.#profiles[mine] === other.#profiles[theirs] &&
      this.#replacements.sameAs(mine, other.#replacements, theirs) &&
      (!this.#replacements.has(mine) || this.#sameNumbers(mine, other, theirs))
    );
  }

  #sameNumbers(mine: number, other: ViewTable, theirs: number): boolean {
    for (let index = 0; index < NUMBERS; index += 1) {
      if (this.#numbers[mine * NUMBERS + index] !== other.#numbers[theirs * NUMBERS + index]) return false;
    }
    return true;
  }

  /** The slot of a key, new or in use; what it held before is gone. */
  #slotFor(key: ViewKey): number {
    const known = this.#find(key);
    if (known !== undefined) {
      this.#forgetAsset(known);
      return known;
    }
    const slot = this.#free.pop() ?? this.#slots++;
    if (slot >= this.#ids.length) this.#grow();
    this.#keys.set(slot, key);
    this.#byKey.add(slot);
    return slot;
  }

  #find(key: ViewKey): number | undefined {
    return this.#byKey.find(this.#keys.want(key), this.#keys.isWanted);
  }

  #slotOf(id: AssetId): number | undefined {
    return this.#byId.find(hashOfId(id), (slot) => this.#ids[slot] === id);
  }

  #forgetAsset(slot: number): void {
    if (this.#slotOf(this.#ids[slot] as AssetId) === slot) this.#byId.delete(slot);
  }

  *#inUse(): Generator<number, void> {
    for (let slot = 0; slot < this.#slots; slot += 1) if (this.#kinds[slot] !== FREE) yield slot;
  }

  #grow(): void {
    const capacity = this.#ids.length * 2;
    this.#ids = enlarged(this.#ids, new Float64Array(capacity));
    this.#modes = enlarged(this.#modes, new Uint8Array(capacity));
    this.#kinds = enlarged(this.#kinds, new Uint8Array(capacity));
    this.#numbers = enlarged(this.#numbers, new BigInt64Array(capacity * NUMBERS));
  }

  #entryAt(key: ViewKey, slot: number): ViewEntry {
    return {
      id: this.#ids[slot] as AssetId,
      asset: identityOf(key),
      mode: MODES[this.#modes[slot] ?? 0] ?? 'master',
      swap: this.#swapAt(slot),
      reason: this.#reasons[slot] ?? '',
      profile: this.#profiles[slot] ?? '',
    };
  }

  #swapAt(slot: number): Swap {
    const replacement = this.#replacements.get(slot) as RealPath | undefined;
    if (replacement === undefined) return KINDS[this.#kinds[slot] ?? 0] === 'deny' ? DENY : MASTER;
    const [mtimeNs = 0n, size = 0n, guardMtimeNs = 0n] = this.#numbers.subarray(slot * NUMBERS, (slot + 1) * NUMBERS);
    return { kind: 'replace', replacement, mtimeNs, guard: { size, mtimeNs: guardMtimeNs } };
  }
}

/** Ids are whole numbers, far below 2^53. */
const hashOfId = (id: number): number => mix(id % 2 ** 32, Math.floor(id / 2 ** 32));

function enlarged<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
