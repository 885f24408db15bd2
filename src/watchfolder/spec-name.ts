/**
 * The names of specs: which files are specs at all, and under which name one ends.
 *
 * `NAME.json` ends as `NAME.json` beside `NAME.result.json`. NAME changes in four cases
 * only, all of them said in the result: bytes that are not UTF-8 become %XX, a name too
 * long for `NAME.result.json` to fit is cut and gets a hash, a NAME that itself ends in
 * `.result` gets an underscore (its spec would look like a result), and a NAME that is taken
 * gets a number: `NAME.2`.
 */

import { createHash } from 'node:crypto';

/** Bytes of a name on every file system of Linux, and on SMB and NFS. */
const NAME_MAX = 255;
/** Room for `.result.json` and for a number. */
const STEM_MAX = NAME_MAX - '.result.json'.length - '.99999'.length;

/** Hidden names and what is no `.json` (`x.json.part`, `x.tmp`) are somebody else's. */
export const isSpecName = (name: string): boolean => /^[^.].*\.json$/is.test(name);

/** A name as the system gives it, as text: what is not UTF-8 is written as %XX. */
export function textOfName(raw: Buffer): string {
  const text = raw.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(raw)) return text;
  return Array.from(raw.toString('latin1'), (char) => (char < '\u0080' ? char : `%${hexOf(char)}`)).join('');
}

/** NAME, before it is known whether it is taken. */
export function stemOf(specName: string): string {
  const stem = specName.replace(/\.json$/i, '');
  return shorten(/\.result$/i.test(stem) ? `${stem}_` : stem);
}

/** NAME for the n-th spec of that name: `NAME`, `NAME.2`, `NAME.3`. */
export const numbered = (stem: string, n: number): string => (n === 1 ? stem : `${stem}.${n}`);

export const specFileOf = (stem: string): string => `${stem}.json`;
export const resultFileOf = (stem: string): string => `${stem}.result.json`;

function shorten(stem: string): string {
  const bytes = Buffer.from(stem, 'utf8');
  if (bytes.length <= STEM_MAX) return stem;
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  // A character cut in half decodes to U+FFFD, which goes.
  const head = bytes
    .subarray(0, STEM_MAX - hash.length - 1)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
  return `${head}~${hash}`;
}

const hexOf = (char: string): string => char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
