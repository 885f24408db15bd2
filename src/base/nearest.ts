/** The name that somebody probably meant. Pure. */

/** More of a name is not compared: it may come from outside, and the work grows with its length. */
const COMPARED = 128;

/** The one of `names` that takes the fewest changes to become; undefined when there are none. */
export function nearestOf(given: string, names: readonly string[]): string | undefined {
  const name = given.slice(0, COMPARED);
  const [first, ...others] = names;
  if (first === undefined) return undefined;
  return others.reduce((best, next) => (distance(next, name) < distance(best, name) ? next : best), first);
}

/** Insertions, deletions and replacements between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
