/** The name that somebody who mistyped probably meant. Pure. */

/** More of a name is not compared: it may come from outside, and the work grows with its length. */
const COMPARED = 128;

/** So many letters of a name, in one piece, stand for it: `source` for `source_name`. */
const PART = 4;

/** undefined when nothing is near: a wrong guess is worse than none. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const word = plain(given.slice(0, COMPARED));
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    const distance = distanceOf(word, plain(name));
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  const allowed = Math.max(2, Math.floor(word.length / 3));
  if (best !== undefined && best.distance <= allowed) return best.name;
  return word.length < PART ? undefined : names.find((name) => plain(name).includes(word));
}

/** `workers_max` and `Workers-Max` are the same mistake. */
const plain = (name: string): string => name.toLowerCase().replaceAll('_', '-');

/** Letters to change, insert, remove or swap with their neighbour (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const replaced = (last[column - 1] ?? 0) + (isSame ? 0 : 1);
      let cost = Math.min(replaced, (last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1);
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] && row > 1 && column > 1) {
        cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      }
      next.push(cost);
    }
    [before, last] = [last, next];
  }
  return last[b.length] ?? 0;
}
