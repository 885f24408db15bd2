/** The hash of a recipe: BLAKE3 of its canonical JSON. Equal recipes have equal hashes, on every machine. */

import type { RecipeHash } from '../base/ids.js';
import { blake3Of } from '../fingerprint/blake3.js';
import { withoutPaths } from './look-filter.js';
import type { Recipe } from './recipe.js';

/** The hash of an essence's text. */
export function hashEssence(text: string): RecipeHash {
  return blake3Of(text) as RecipeHash;
}

/** What two recipes have to agree in. The reasons of arguments are for people: rewording one does not make another recipe. */
export function essenceText(recipe: Omit<Recipe, 'hash' | 'pictures' | 'segmenting'>): string {
  const { look, ...rest } = recipe;
  const essence = {
    ...rest,
    look: look?.look.hash,
    arguments: recipe.arguments.map((argument) => withoutPaths(argument.words, look?.look)),
    inputArguments: recipe.inputArguments.map((argument) => argument.words),
  };
  return canonicalJson(essence);
}

/** JSON with sorted keys, without spaces and without undefined members. */
export function canonicalJson(value: unknown): string {
  // Lists of words are most of a recipe: one call writes them as all calls together would.
  if (Array.isArray(value)) return isWords(value) ? JSON.stringify(value) : `[${value.map(canonicalJson).join(',')}]`;
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const record = value as Record<string, unknown>;
  let members = '';
  for (const key of Object.keys(record).sort()) {
    if (record[key] === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(record[key])}`;
  }
  return `{${members}}`;
}

function isWords(values: readonly unknown[]): boolean {
  for (const value of values) if (typeof value !== 'string') return false;
  return true;
}
