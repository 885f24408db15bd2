/**
 * Text from outside -> a job spec, or everything that is wrong with it. Pure: nothing on
 * the disk is looked at here.
 *
 * What is well-formed is kept beside the violations, so that the checks of the content
 * can go on with it and a spec gets all of its violations in one answer.
 */

import { nearestName } from '../base/nearest.js';
import { canonicalJson } from '../profiles/recipe-hash.js';
import { readJsonDocument } from './json-document.js';
import { FIELD_TABLE, type FieldName, type JobSpec, KEYS, MOST_SOURCES, specSchema } from './spec-schema.js';
import { pointerOf, shortened, type Violation } from './violation.js';

/** The well-formed fields of a spec that has violations. A source that is none is undefined; the others keep their places. */
export type Draft = { readonly [K in keyof JobSpec]?: JobSpec[K] | undefined } & {
  readonly sourceList: readonly (string | undefined)[];
  /** Which spelling the spec used, for pointers. */
  readonly pointers: Readonly<Partial<Record<FieldName, string>>>;
};

export type ParsedSpec =
  | { readonly ok: true; readonly spec: JobSpec; readonly draft: Draft }
  | { readonly ok: false; readonly violations: readonly Violation[]; readonly draft: Draft };

export function parseJobSpec(input: Uint8Array | string): ParsedSpec {
  const document = readJsonDocument(input);
  if (document.value === undefined) return { ok: false, violations: document.violations, draft: EMPTY };
  return parseValue(document.value, document.violations);
}

/** The same for a document that has been read already. */
export function parseValue(value: unknown, earlier: readonly Violation[] = []): ParsedSpec {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = `a job spec is a JSON object, not ${nameOf(value)}`;
    return { ok: false, violations: [...earlier, { pointer: '', message }], draft: EMPTY };
  }
  const members = new Map(Object.entries(value));
  const violations = [...earlier, ...unknownKeys([...members.keys()])];
  const fields: Record<string, unknown> = {};
  const pointers: Partial<Record<FieldName, string>> = {};
  let sourceList: readonly (string | undefined)[] = [];
  for (const name of Object.keys(FIELD_TABLE) as FieldName[]) {
    const given = readField(name, members);
    pointers[name] = given.pointer;
    violations.push(...given.violations);
    if (given.value !== undefined) fields[name] = given.value;
    if (name === 'sources') sourceList = listOf(members.get('sources'));
  }
  const draft: Draft = { ...fields, sourceList, pointers };
  if (violations.length > 0) return { ok: false, violations, draft };
  return { ok: true, spec: specSchema.parse(fields), draft };
}

const EMPTY: Draft = { sourceList: [], pointers: {} };

interface Given {
  readonly value?: unknown;
  readonly pointer: string;
  readonly violations: readonly Violation[];
}

function readField(name: FieldName, members: ReadonlyMap<string, unknown>): Given {
  const { alias, required } = FIELD_TABLE[name];
  const keys = [name, ...(alias === undefined ? [] : [alias])].filter((key) => members.has(key));
  const [key = name, other] = keys;
  const pointer = pointerOf([key]);
  if (keys.length === 0) return { pointer, violations: required ? [missing(name)] : [] };
  const value = members.get(key);
  // Programs that write specs write all fields; of this one null says what its absence says.
  if (name === 'resolve_preset' && value === null) return { pointer, violations: [] };
  const wrong = keys.flatMap((spelling) => malformed(name, spelling, members.get(spelling)));
  if (wrong.length > 0) return { pointer, violations: wrong };
  if (other !== undefined && canonicalJson(value) !== canonicalJson(members.get(other))) {
    const message = `'${key}' and '${other}' are two spellings of one field and say different things: keep one`;
    return { pointer, violations: [{ pointer: pointerOf([other]), message }] };
  }
  return { value, pointer, violations: [] };
}

function missing(name: FieldName): Violation {
  const { alias, say } = FIELD_TABLE[name];
  const spelled = alias === undefined ? `'${name}'` : `'${name}' (or '${alias}')`;
  return { pointer: pointerOf([name]), message: `${spelled} is missing, and there is no default: give ${say}` };
}

function malformed(name: FieldName, key: string, value: unknown): Violation[] {
  const { schema, say } = FIELD_TABLE[name];
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.map(({ path }) => {
    const inside = path.filter((part) => typeof part !== 'symbol');
    if (name !== 'sources' || inside.length === 0) {
      return { pointer: pointerOf([key, ...inside]), message: `'${key}' must be ${say}, not ${show(value)}` };
    }
    const source = Array.isArray(value) ? value[Number(inside[0])] : undefined;
    return { pointer: pointerOf([key, ...inside]), message: `a source must be an absolute path, not ${show(source)}` };
  });
}

/** For so many a near name is sought: a document can have a million of them. */
const NEAR = 100;

function unknownKeys(keys: readonly string[]): Violation[] {
  return keys
    .filter((key) => !KEYS.has(key))
    .map((key, at) => {
      const nearest = at < NEAR ? nearestName(key, [...KEYS.keys()]) : undefined;
      const guess = nearest === undefined ? '.' : `; did you mean '${nearest}'?`;
      const message = `there is no field '${shortened(key)}'${guess} Values of your own go into 'user_metadata'`;
      return { pointer: pointerOf([key]), message };
    });
}

/** Nothing of a list that is longer than any job may be. */
function listOf(value: unknown): readonly (string | undefined)[] {
  if (!Array.isArray(value) || value.length > MOST_SOURCES) return [];
  return value.map((entry) => (FIELD_TABLE.sources.schema.safeParse([entry]).success ? String(entry) : undefined));
}

/** A value in a sentence: short, on one line. */
function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return nameOf(value);
  return shortened(JSON.stringify(value) ?? 'nothing');
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
