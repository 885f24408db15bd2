/**
 * A JSON file from outside: bounded in size and depth, in UTF-8, and without a key that
 * is given twice, of which JSON.parse would silently keep the last. Pure.
 */

import { pointerOf, type Violation } from './violation.js';

/** Ten thousand sources with long paths are below it. */
export const LARGEST_DOCUMENT = 8 * 1024 * 1024;
export const DEEPEST_NESTING = 32;

export interface JsonDocument {
  /** undefined: there is no document. */
  readonly value: unknown;
  readonly violations: readonly Violation[];
}

export function readJsonDocument(input: Uint8Array | string, largest = LARGEST_DOCUMENT): JsonDocument {
  const length = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (length > largest) {
    return refuse(`it has more than ${largest} bytes: split the job`);
  }
  const text = typeof input === 'string' ? input.replace(/^\ufeff/, '') : decode(input);
  if (text === undefined) return refuse('it is not UTF-8 text: save it as UTF-8');
  if (text.trim() === '') return refuse('it is empty: a job spec is a JSON object');
  const parsed = parse(text);
  if ('reason' in parsed) return refuse(`it is not JSON: ${parsed.reason}`);
  const scanned = scan(text);
  if (scanned === 'too deep') return refuse(`it is nested more than ${DEEPEST_NESTING} levels deep`);
  return { value: parsed.value, violations: scanned };
}

const refuse = (message: string): JsonDocument => ({ value: undefined, violations: [{ pointer: '', message }] });

/** A byte order mark, which some editors write, is passed over. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parse(text: string): { readonly value: unknown } | { readonly reason: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // It quotes the document, line breaks included.
    return { reason: (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ') };
  }
}

interface Level {
  /** Keys so far; undefined in an array. */
  readonly keys: Set<string> | undefined;
  /** Where we are in it. */
  at: string | number;
  expectsKey: boolean;
}

/** Walks text that JSON.parse has accepted. Iterative: a document that is too deep must not end the process. */
function scan(text: string): readonly Violation[] | 'too deep' {
  const violations: Violation[] = [];
  const levels: Level[] = [];
  for (let i = 0; i < text.length; i++) {
    const level = levels.at(-1);
    switch (text[i]) {
      case '"': {
        const end = endOfString(text, i);
        if (level?.keys !== undefined && level.expectsKey) takeKey(text.slice(i, end + 1), level, levels, violations);
        i = end;
        break;
      }
      case '{':
      case '[':
        if (levels.length === DEEPEST_NESTING) return 'too deep';
        levels.push(text[i] === '{' ? { keys: new Set(), at: '', expectsKey: true } : openArray());
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (level?.keys !== undefined) level.expectsKey = true;
        else if (level !== undefined) level.at = Number(level.at) + 1;
        break;
    }
  }
  return violations;
}

const openArray = (): Level => ({ keys: undefined, at: 0, expectsKey: false });

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

function takeKey(quoted: string, level: Level, levels: readonly Level[], violations: Violation[]): void {
  const key = String(JSON.parse(quoted));
  level.at = key;
  level.expectsKey = false;
  if (level.keys?.has(key)) {
    const pointer = pointerOf(levels.map(({ at }) => at));
    violations.push({ pointer, message: `'${key}' is given twice: keep one` });
  }
  level.keys?.add(key);
}
