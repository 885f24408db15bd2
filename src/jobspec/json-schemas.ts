/**
 * The published JSON Schemas (draft 2020-12), made of what the parsers use.
 *
 * A schema judges a document by itself. Not in it: keys that are given twice, two
 * spellings that say different things, and all that needs the disk or the profiles.
 */

import { z } from 'zod';
import { jobResultSchema } from './result.js';
import { FIELD_TABLE, type FieldName, specSchema } from './spec-schema.js';
import { verificationSchema } from './verify.js';

export const SCHEMA_NAMES = ['jobspec', 'result', 'verification'] as const;
export type SchemaName = (typeof SCHEMA_NAMES)[number];

type Schema = Record<string, unknown>;

export function jsonSchemaOf(name: SchemaName): Schema {
  if (name === 'jobspec') return jobspecSchema();
  if (name === 'result') return titled('proxyfs job result', toSchema(jobResultSchema));
  return titled('proxyfs job verification', toSchema(verificationSchema));
}

const toSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { target: 'draft-2020-12' }) as Schema;

const titled = (title: string, { $schema, ...rest }: Schema): Schema => ({ $schema, title, ...rest });

/** Each field under both of its spellings, of which one has to be there. */
function jobspecSchema(): Schema {
  const { properties, ...rest } = toSchema(specSchema);
  const plain = properties as Readonly<Record<string, Schema>>;
  const names = Object.keys(FIELD_TABLE) as FieldName[];
  const all = names.flatMap((name) => {
    const { alias, description } = FIELD_TABLE[name];
    const own = { ...plain[name], description };
    const other = { ...plain[name], description: `The same as ${name}.` };
    return [[name, own] as const, ...(alias === undefined ? [] : [[alias, other] as const])];
  });
  const required = names.filter((name) => FIELD_TABLE[name].required);
  const either = required.flatMap((name) => {
    const { alias } = FIELD_TABLE[name];
    return alias === undefined ? [] : [{ anyOf: [{ required: [name] }, { required: [alias] }] }];
  });
  return titled('proxyfs job spec', {
    ...rest,
    properties: Object.fromEntries(all),
    required: required.filter((name) => FIELD_TABLE[name].alias === undefined),
    allOf: either,
  });
}
