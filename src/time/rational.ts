/**
 * Exact rational numbers for media time: frame rates, time bases, durations.
 * Always in lowest terms, denominator positive. Never a float of seconds.
 */

import { invariant } from '../base/invariant.js';

export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

export function rational(num: bigint | number, den: bigint | number = 1): Rational {
  const [n, d] = [BigInt(num), BigInt(den)];
  invariant(d !== 0n, 'a rational has a non-zero denominator');
  const divisor = gcd(n < 0n ? -n : n, d < 0n ? -d : d) * (d < 0n ? -1n : 1n);
  return { num: n / divisor, den: d / divisor };
}

/** Parses `30000/1001`, `25` or `25/1`; undefined for anything else and for `0/0`. */
export function parseRational(text: string): Rational | undefined {
  const match = /^(-?\d+)(?:[/:](\d+))?$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const den = BigInt(match[2] ?? '1');
  return den === 0n ? undefined : rational(BigInt(match[1]), den);
}

/** Parses a decimal number such as ffprobe's `10.010000` exactly. */
export function parseDecimal(text: string): Rational | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match?.[2] === undefined) return undefined;
  const fraction = match[3] ?? '';
  const value = rational(BigInt(match[2] + fraction), 10n ** BigInt(fraction.length));
  return match[1] === '-' ? negate(value) : value;
}

export const add = (a: Rational, b: Rational): Rational => rational(a.num * b.den + b.num * a.den, a.den * b.den);
export const subtract = (a: Rational, b: Rational): Rational => add(a, negate(b));
export const multiply = (a: Rational, b: Rational): Rational => rational(a.num * b.num, a.den * b.den);
export const divide = (a: Rational, b: Rational): Rational => rational(a.num * b.den, a.den * b.num);
export const negate = (a: Rational): Rational => ({ num: -a.num, den: a.den });
export const magnitude = (a: Rational): Rational => (a.num < 0n ? negate(a) : a);

/** Negative, zero or positive, as for sort. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.num * b.den - b.num * a.den;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export const equals = (a: Rational, b: Rational): boolean => a.num === b.num && a.den === b.den;

/** For display and for arithmetic where exactness does not matter (speeds, ETA). */
export const toNumber = (a: Rational): number => Number(a.num) / Number(a.den);

/** `30000/1001`, or `25` for whole numbers. */
export const formatRational = (a: Rational): string => (a.den === 1n ? `${a.num}` : `${a.num}/${a.den}`);

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
