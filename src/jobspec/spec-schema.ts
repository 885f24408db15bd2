/**
 * The fields of a job spec: one table with their schemas, what may be written, and what
 * they mean. The parser and the published JSON Schema are both made of it. Data.
 *
 * The three versions name the same document: older ones stay valid, and are read no laxer.
 */

import { z } from 'zod';

export const SPEC_VERSIONS = ['1.0.0', '2.0', '2.1'] as const;
export const MOST_SOURCES = 10_000;

const absolutePath = z.string().regex(/^\/[^\0]*$/);
const word = z.string().regex(/^[^\0]+$/);

export interface Field {
  readonly schema: z.ZodType;
  /** What may be written, after `must be`. */
  readonly say: string;
  readonly description: string;
  /** The other spelling of the same field. */
  readonly alias?: string;
  readonly required?: true;
}

export const FIELDS = {
  jobspec_version: {
    schema: z.enum(SPEC_VERSIONS),
    say: 'one of "1.0.0", "2.0", "2.1"',
    description: 'Version of the spec. All three are read alike.',
    required: true,
  },
  job_id: {
    schema: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/),
    say: 'up to 128 letters, digits, dots, dashes and underscores',
    description: 'A name of your own for the job; without it one that follows from the content of the spec.',
  },
  created_at: {
    schema: z.iso.datetime({ offset: true, local: true }),
    say: 'a date and time such as "2024-05-17T09:30:00Z"',
    description: 'When the spec was written (ISO 8601). {date} is taken from it, never from a clock.',
  },
  sources: {
    schema: z.array(absolutePath).min(1).max(MOST_SOURCES),
    say: `a list of 1 to ${MOST_SOURCES} absolute paths`,
    description: 'The masters, as absolute paths.',
    required: true,
  },
  output_dir: {
    schema: absolutePath,
    say: 'an absolute path',
    description: 'The folder for the outputs, as an absolute path. It must be there.',
    alias: 'output_directory',
    required: true,
  },
  output_name_template: {
    schema: z.string().regex(/^[^\0]{1,1024}$/),
    say: 'a text of 1 to 1024 characters such as "{source_name}_proxy"',
    description: 'The names of the outputs, with tokens. The extension is added.',
    alias: 'naming_template',
    required: true,
  },
  proxy_profile: {
    schema: word,
    say: "the name of a profile: 'proxyfs profiles' lists them",
    description: 'The profile that decides engine, codec, container and size.',
    required: true,
  },
  codec: {
    schema: word,
    say: 'a codec such as "prores_proxy", "dnxhr_lb" or "h264"',
    description: 'What the profile makes, for a second look: refused where it contradicts the profile.',
  },
  container: {
    schema: word,
    say: '"mov", "mp4" or "mxf"',
    description: 'What the profile makes, for a second look: refused where it contradicts the profile.',
  },
  resolution: {
    schema: z.enum(['same', 'half', 'quarter']),
    say: '"same", "half" or "quarter"',
    description: 'The size that the profile makes, for a second look: refused where it contradicts the profile.',
  },
  fps_mode: {
    schema: z.literal('preserve_source'),
    say: '"preserve_source": a proxy keeps every frame of its master',
    description: 'A proxy keeps the rate and every frame of its master; there is no other mode.',
  },
  resolve_preset: {
    schema: word.nullable(),
    say: 'the name of a render preset of DaVinci Resolve, or null',
    description:
      'A render preset that is loaded before the render; only with profiles of the resolve engine. null: none.',
  },
  user_metadata: {
    schema: z.record(z.string(), z.unknown()),
    say: 'an object',
    description: 'Anything of your own. It is carried into the result, and {user_metadata.KEY} names its members.',
  },
} as const satisfies Readonly<Record<string, Field>>;

export type FieldName = keyof typeof FIELDS;
export const FIELD_TABLE: Readonly<Record<FieldName, Field>> = FIELDS;

/** Every key that may stand in a spec, the other spellings included, with its field. */
export const KEYS: ReadonlyMap<string, FieldName> = new Map(
  Object.entries(FIELD_TABLE).flatMap(([name, { alias }]) =>
    [name, ...(alias === undefined ? [] : [alias])].map((key) => [key, name as FieldName] as const),
  ),
);

/** The document under the first spelling of each field. */
export const specSchema = z.strictObject({
  jobspec_version: FIELDS.jobspec_version.schema,
  job_id: FIELDS.job_id.schema.optional(),
  created_at: FIELDS.created_at.schema.optional(),
  sources: FIELDS.sources.schema,
  output_dir: FIELDS.output_dir.schema,
  output_name_template: FIELDS.output_name_template.schema,
  proxy_profile: FIELDS.proxy_profile.schema,
  codec: FIELDS.codec.schema.optional(),
  container: FIELDS.container.schema.optional(),
  resolution: FIELDS.resolution.schema.optional(),
  fps_mode: FIELDS.fps_mode.schema.optional(),
  resolve_preset: FIELDS.resolve_preset.schema.optional(),
  user_metadata: FIELDS.user_metadata.schema.optional(),
});

export type JobSpec = z.infer<typeof specSchema>;
