/** A whole number from the command line, with a sentence when it is none. */

import { ProxyfsError } from '../src/base/error.js';

export function wholeNumber(option: string, text: string, { from, to }: { from: number; to: number }): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new ProxyfsError(
    'request/invalid',
    `'${text}' will not do for ${option}: give a whole number from ${from} to ${to}`,
  );
}
