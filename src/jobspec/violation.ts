/** What is wrong with a job spec: where, and one sentence for people. Plain data. */

export interface Violation {
  /** JSON pointer (RFC 6901) into the spec; '' is the whole document. */
  readonly pointer: string;
  readonly message: string;
}

export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const SHOWN = 80;

/** A name or a value from outside, short enough for a sentence. */
export function shortened(text: string, most = SHOWN): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/** Sorted by place, so that two runs list the same thing in the same order; equal ones once. */
export function inOrder(violations: readonly Violation[]): Violation[] {
  const keyed = new Map(violations.map((violation) => [`${violation.pointer}\0${violation.message}`, violation]));
  return [...keyed.values()].sort((a, b) => comparePointers(a.pointer, b.pointer));
}

function comparePointers(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    if (x === y) continue;
    const numeric = /^\d+$/.test(x) && /^\d+$/.test(y);
    return numeric ? Number(x) - Number(y) : x < y ? -1 : 1;
  }
  return left.length - right.length;
}
