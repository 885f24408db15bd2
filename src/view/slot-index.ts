/**
 * Finds rows of a table of columns by their content: open addressing in one array of numbers, where
 * a map would take five times the memory, most of it for keys that the columns have already.
 *
 * The rows are the owner's: a row is taken out before its content changes.
 */

const FIRST_PLACES = 32;

export class SlotIndex {
  /** One more than the row of each place; 0 for none. Never more than half of the places are taken. */
  #places = new Int32Array(FIRST_PLACES);
  #size = 0;

  /** `hashOf`: of the content of a row that is in the index; any 32 bits. */
  constructor(private readonly hashOf: (row: number) => number) {}

  /** The row with this hash that is the one. */
  find(hash: number, isIt: (row: number) => boolean): number | undefined {
    for (let place = this.#home(hash); ; place = this.#next(place)) {
      const row = this.#rowAt(place);
      if (row === undefined || isIt(row)) return row;
    }
  }

  /** Its content is there already, and no row with equal content is in the index. */
  add(row: number): void {
    if ((this.#size + 1) * 2 > this.#places.length) this.#grow();
    this.#size += 1;
    this.#insert(row);
  }

  /** What came to lie behind it moves up, so that nobody who searches meets a hole. */
  delete(row: number): void {
    let hole = this.#home(this.hashOf(row));
    while (this.#rowAt(hole) !== row) hole = this.#next(hole);
    this.#size -= 1;
    for (let place = this.#next(hole); ; place = this.#next(place)) {
      const other = this.#rowAt(place);
      if (other === undefined) break;
      if (this.#distance(this.#home(this.hashOf(other)), place) < this.#distance(hole, place)) continue;
      this.#places[hole] = other + 1;
      hole = place;
    }
    this.#places[hole] = 0;
  }

  #insert(row: number): void {
    let place = this.#home(this.hashOf(row));
    while (this.#rowAt(place) !== undefined) place = this.#next(place);
    this.#places[place] = row + 1;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Int32Array(before.length * 2);
    for (const taken of before) if (taken !== 0) this.#insert(taken - 1);
  }

  #rowAt(place: number): number | undefined {
    const taken = this.#places[place] ?? 0;
    return taken === 0 ? undefined : taken - 1;
  }

  #home(hash: number): number {
    return hash & (this.#places.length - 1);
  }

  #next(place: number): number {
    return (place + 1) & (this.#places.length - 1);
  }

  /** From one place on to another, past the end where need be. */
  #distance(from: number, to: number): number {
    return (to - from) & (this.#places.length - 1);
  }
}

/** Neighbours in, anything but neighbours out: ids and inode numbers are dense. */
export function mix(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
}
