/** States that cannot be. Crashing is better than serving a wrong byte. */

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`);
}

/** For the default branch of a switch over a union: a new member becomes a compile error. */
export function unreachable(value: never): never {
  throw new Error(`invariant violated: unexpected value ${JSON.stringify(value)}`);
}
