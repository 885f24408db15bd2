/**
 * Reads `.cube` files (Adobe's and IRIDAS's format, with Resolve's words for the domain):
 * one table, one-dimensional or three-dimensional, checked to the last number. Pure.
 */

import { ProxyfsError } from '../base/error.js';

export type Triple = readonly [number, number, number];

export interface Cube {
  readonly kind: '1d' | '3d';
  readonly size: number;
  readonly title: string | undefined;
  /** The input values of the first and of the last entry, for red, green and blue. */
  readonly domain: { readonly min: Triple; readonly max: Triple };
  /** Red, green and blue of each entry; of three dimensions red changes fastest. */
  readonly values: Float64Array;
}

const LARGEST = { '1d': 65_536, '3d': 256 } as const;

interface Head {
  title?: string;
  kind?: '1d' | '3d';
  size?: number;
  min: Triple;
  max: Triple;
}

/** Throws 'look/invalid', which names the file, the line and what was expected. */
export function parseCube(text: string, name: string): Cube {
  const head: Head = { min: [0, 0, 0], max: [1, 1, 1] };
  let values: Float64Array | undefined;
  let filled = 0;
  let number = 0;
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    number += 1;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const fail = (why: string) => invalid(name, `line ${number}: ${why}`);
    if (/^[A-Z]/i.test(line) && !/^(nan|inf)/i.test(line)) {
      if (filled > 0) throw fail(`'${shorten(line)}' stands among the numbers; all words come before them`);
      readWord(head, line, fail);
      continue;
    }
    values ??= new Float64Array(3 * rowsOf(head, fail));
    if (filled === values.length)
      throw fail(`there are more than the ${values.length / 3} rows that its size asks for`);
    values.set(triple(line.split(/\s+/), fail), filled);
    filled += 3;
  }
  const { kind, size, title, min, max } = head;
  if (kind === undefined || size === undefined) throw invalid(name, 'it states neither LUT_1D_SIZE nor LUT_3D_SIZE');
  const rows = rowsOf(head, (why) => invalid(name, why));
  if (filled !== rows * 3 || values === undefined) {
    throw invalid(name, `it has ${filled / 3} rows of numbers, and its size asks for ${rows}`);
  }
  return { kind, size, title, domain: { min, max }, values };
}

type Fail = (why: string) => ProxyfsError;

function readWord(head: Head, line: string, fail: Fail): void {
  const [word = '', ...rest] = line.split(/\s+/);
  const name = word.toUpperCase();
  if (name === 'TITLE')
    head.title = line
      .slice(5)
      .trim()
      .replace(/^"(.*)"$/, '$1');
  else if (name === 'LUT_1D_SIZE') readSize(head, '1d', rest, fail);
  else if (name === 'LUT_3D_SIZE') readSize(head, '3d', rest, fail);
  else if (name === 'DOMAIN_MIN') head.min = triple(rest, fail);
  else if (name === 'DOMAIN_MAX') head.max = triple(rest, fail);
  else if (/^LUT_[13]D_INPUT_RANGE$/.test(name)) {
    const [low = '', high = '', ...more] = rest;
    head.min = triple([low, low, low, ...more], fail);
    head.max = triple([high, high, high], fail);
  } else throw fail(`'${shorten(word)}' is no word of the format`);
}

function readSize(head: Head, kind: '1d' | '3d', [text = '', ...rest]: readonly string[], fail: Fail): void {
  if (head.kind !== undefined) throw fail('it states a size twice: a look is one table, of one or of three dimensions');
  const size = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (rest.length > 0 || size < 2 || size > LARGEST[kind]) {
    throw fail(`its size is '${shorten([text, ...rest].join(' '))}', and may be 2 to ${LARGEST[kind]}`);
  }
  head.kind = kind;
  head.size = size;
}

function rowsOf({ kind, size, min, max }: Head, fail: Fail): number {
  if (kind === undefined || size === undefined) throw fail('numbers come before LUT_1D_SIZE or LUT_3D_SIZE');
  if (min.some((low, channel) => low >= (max[channel] ?? 0))) throw fail('its domain ends before it begins');
  return kind === '1d' ? size : size ** 3;
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function triple(words: readonly string[], fail: Fail): Triple {
  const [r, g, b] = words.map((word) => (NUMBER.test(word) ? Number(word) : Number.NaN));
  const isWhole = words.length === 3 && [r, g, b].every((value) => Number.isFinite(value));
  if (!isWhole || r === undefined || g === undefined || b === undefined) {
    throw fail(`'${shorten(words.join(' '))}' is not three finite numbers`);
  }
  return [r, g, b];
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

function invalid(name: string, why: string): ProxyfsError {
  const message = `'${name}' is not a usable .cube file: ${why}; export it again as a plain 1D or 3D .cube`;
  return new ProxyfsError('look/invalid', message, { details: { name, why } });
}
