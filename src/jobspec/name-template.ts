/**
 * The names of outputs: a template with tokens in braces, filled in for one clip. Pure,
 * and never a clock: the same spec gives the same names at any time.
 */

import { nearestName } from '../base/nearest.js';

/** What one clip says for each token; undefined where it has none. */
export interface TokenValues {
  readonly source_name: string;
  readonly index: number;
  readonly date: string | undefined;
  readonly profile: string;
  readonly container: string;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly fps: string | undefined;
  readonly timecode: string | undefined;
  readonly user_metadata: Readonly<Record<string, unknown>>;
}

export const TOKENS: readonly string[] = [
  ...[
    'source_name',
    'index',
    'date',
    'profile',
    'container',
    'width',
    'height',
    'fps',
    'timecode',
    'user_metadata.KEY',
  ],
];

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'token'; readonly name: string; readonly digits: number }
  | { readonly kind: 'metadata'; readonly key: string };

export interface NameTemplate {
  readonly parts: readonly Part[];
  /** One sentence each. */
  readonly faults: readonly string[];
}

const METADATA = 'user_metadata.';

export function parseTemplate(text: string): NameTemplate {
  const parts: Part[] = [];
  const faults: string[] = [];
  for (const piece of text.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    const parsed = piece.startsWith('{') && piece.endsWith('}') ? parseToken(piece.slice(1, -1)) : parseText(piece);
    if (typeof parsed === 'string') faults.push(parsed);
    else parts.push(parsed);
  }
  return { parts, faults };
}

/** `{index:04}`, also written `{index:04d}`: at least four digits. */
function parseToken(inside: string): Part | string {
  if (inside.startsWith(METADATA) && inside.length > METADATA.length) {
    return { kind: 'metadata', key: inside.slice(METADATA.length) };
  }
  const [, name = '', digits] = /^([^:]*)(?::0([1-9])d?)?$/.exec(inside) ?? [];
  if (digits !== undefined && name === 'index') return { kind: 'token', name, digits: Number(digits) };
  if (digits === undefined && name !== 'user_metadata.KEY' && TOKENS.includes(name)) {
    return { kind: 'token', name, digits: 0 };
  }
  const nearest = nearestName(name === '' ? inside : name, TOKENS);
  const guess = nearest === undefined ? '.' : `; did you mean {${nearest}}?`;
  return `there is no token {${inside}} in names${guess} Tokens: ${TOKENS.map((token) => `{${token}}`).join(', ')}, and {index:04} for leading zeros`;
}

function parseText(text: string): Part | string {
  if (/[{}]/.test(text)) return `the braces around '${text.trim()}' do not pair: a token is written {source_name}`;
  const separator = /[/\\]/.exec(text)?.[0];
  if (separator !== undefined) {
    return `'${separator}' cannot be part of a name: outputs lie in the output folder itself, not in folders below it`;
  }
  if (hasControl(text)) return 'a name cannot have control characters, such as line breaks';
  return { kind: 'text', text };
}

export type FilledName =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'fault'; readonly fault: string };

/** The name with its extension; a template without faults is taken for granted. */
export function fillTemplate(template: NameTemplate, values: TokenValues, extension: string): FilledName {
  let name = '';
  for (const part of template.parts) {
    const filled = fillPart(part, values);
    if ('fault' in filled) return { kind: 'fault', fault: filled.fault };
    name += filled.text;
  }
  const tail = template.parts.at(-1);
  const states = tail?.kind === 'text' || (tail?.kind === 'token' && tail.name === 'container');
  return finish(name, extension, states);
}

/** Tokens that only a probed clip, or its recipe, can fill. */
export function needsFacts({ parts }: NameTemplate): boolean {
  return parts.some((part) => part.kind === 'token' && /^(width|height|fps|timecode)$/.test(part.name));
}

type Filled = { readonly text: string } | { readonly fault: string };

function fillPart(part: Part, values: TokenValues): Filled {
  if (part.kind === 'text') return { text: part.text };
  if (part.kind === 'metadata') return fillMetadata(part.key, values.user_metadata);
  const value = values[part.name as Exclude<keyof TokenValues, 'user_metadata'>];
  if (value === undefined) return { fault: absent(part.name) };
  return { text: String(value).padStart(part.digits, '0') };
}

function absent(token: string): string {
  if (token === 'date') return "{date} comes from 'created_at', which the spec does not have";
  if (token === 'timecode') return 'the clip has no start timecode for {timecode}';
  return `{${token}} is not known of this clip before it is rendered`;
}

function fillMetadata(key: string, metadata: TokenValues['user_metadata']): Filled {
  const token = `{${METADATA}${key}}`;
  if (!Object.hasOwn(metadata, key)) return { fault: `'user_metadata' has no '${key}' for ${token}` };
  const value = metadata[key];
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return { fault: `the value of ${token} is no text, number or true or false` };
  }
  if (typeof value === 'number' && !isExact(value)) {
    return { fault: `the number of ${token} is too large to be kept exactly: write it as text, in quotes` };
  }
  const text = String(value);
  if (/[/\\]/.test(text))
    return { fault: `the value of ${token} has a path separator, which cannot be part of a name` };
  return hasControl(text) ? { fault: `the value of ${token} has control characters` } : { text };
}

const isExact = (value: number): boolean => Math.abs(value) <= Number.MAX_SAFE_INTEGER;

const NAME_MAX = 255;
const MEDIA = /\.(mov|mp4|m4v|mxf)$/i;

/** `states`: the template itself writes the end of the name, so an extension there is meant as one. */
function finish(bare: string, extension: string, states: boolean): FilledName {
  const fault = (text: string): FilledName => ({ kind: 'fault', fault: text });
  const own = states ? MEDIA.exec(bare)?.[0] : undefined;
  const hasOwn = own !== undefined && own.toLowerCase() === extension && bare.length > own.length;
  if (own !== undefined && !hasOwn) {
    return fault(`'${bare}' says ${own} and the output is ${extension}: leave the extension out, it is added`);
  }
  const name = hasOwn ? bare : `${bare}${extension}`;
  if (bare.trim() === '') return fault('the name is empty');
  if (/\p{Surrogate}/u.test(bare)) return fault('half a character (a lone surrogate) cannot be part of a name');
  if (name.startsWith('.')) return fault(`'${name}' begins with a dot, which hides it: put something before it`);
  const bytes = Buffer.byteLength(name);
  if (bytes > NAME_MAX)
    return fault(`the name '${name.slice(0, 40)}...' has ${bytes} bytes, and a file name at most ${NAME_MAX}`);
  return { kind: 'name', name };
}

function hasControl(text: string): boolean {
  return [...text].some((character) => (character.codePointAt(0) ?? 0) < 0x20 || character === '\u007f');
}
