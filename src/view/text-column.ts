/**
 * Texts by slot, as bytes in one buffer: a hundred thousand paths cost what they are long, and the
 * garbage collector never looks at them.
 */

const FIRST_BYTES = 1024;
const FIRST_SLOTS = 16;
const NOTHING = 0;

export class TextColumn {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;
  /** Bytes of the buffer that no slot refers to any more. */
  #wasted = 0;
  /** One more than the place of a slot's first byte; 0 for a slot without text. */
  #places = new Uint32Array(FIRST_SLOTS);
  #lengths = new Uint32Array(FIRST_SLOTS);

  get(slot: number): string | undefined {
    const place = this.#places[slot] ?? NOTHING;
    return place === NOTHING ? undefined : this.#bytes.toString('utf8', place - 1, place - 1 + this.#lengthOf(slot));
  }

  set(slot: number, text: string | undefined): void {
    if (slot >= this.#places.length) this.#addSlots(slot);
    const length = text === undefined ? 0 : Buffer.byteLength(text);
    if (text !== undefined && this.#places[slot] !== NOTHING && this.#lengthOf(slot) === length) {
      this.#bytes.write(text, (this.#places[slot] ?? 1) - 1);
      return;
    }
    this.#wasted += this.#lengthOf(slot);
    this.#places[slot] = NOTHING;
    this.#lengths[slot] = 0;
    if (text === undefined) return;
    if (this.#used + length > this.#bytes.length) this.#makeRoom(length);
    this.#places[slot] = this.#used + 1;
    this.#lengths[slot] = length;
    this.#used += this.#bytes.write(text, this.#used);
  }

  has(slot: number): boolean {
    return (this.#places[slot] ?? NOTHING) !== NOTHING;
  }

  sameAs(slot: number, other: TextColumn, otherSlot: number): boolean {
    if (!this.has(slot) || !other.has(otherSlot)) return this.has(slot) === other.has(otherSlot);
    const [mine, theirs] = [this.#view(slot), other.#view(otherSlot)];
    return mine.equals(theirs);
  }

  #view(slot: number): Buffer {
    const first = (this.#places[slot] ?? 1) - 1;
    return this.#bytes.subarray(first, first + this.#lengthOf(slot));
  }

  #lengthOf(slot: number): number {
    return this.#lengths[slot] ?? 0;
  }

  #addSlots(slot: number): void {
    const slots = Math.max(slot + 1, this.#places.length * 2);
    const [places, lengths] = [new Uint32Array(slots), new Uint32Array(slots)];
    places.set(this.#places);
    lengths.set(this.#lengths);
    [this.#places, this.#lengths] = [places, lengths];
  }

  /** A new buffer without what was wasted, with room for a quarter as much again. */
  #makeRoom(length: number): void {
    const live = this.#used - this.#wasted;
    const bytes = Buffer.allocUnsafeSlow(Math.ceil((live + length) * 1.25) + FIRST_BYTES);
    let used = 0;
    if (this.#wasted === 0) {
      this.#bytes.copy(bytes, 0, 0, this.#used);
      this.#bytes = bytes;
      return;
    }
    for (let slot = 0; slot < this.#places.length; slot += 1) {
      if (!this.has(slot)) continue;
      const copied = this.#view(slot).copy(bytes, used);
      this.#places[slot] = used + 1;
      used += copied;
    }
    [this.#bytes, this.#used, this.#wasted] = [bytes, used, 0];
  }
}
