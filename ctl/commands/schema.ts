/** `proxyfs schema`: the published JSON Schemas of the documents that jobs take and give. */

import type { SchemaName } from '../../src/jobspec/json-schemas.js';
import { defineCommand } from '../command.js';

interface Arguments {
  readonly document: SchemaName | undefined;
}

export const schema = defineCommand<Arguments>({
  usage: 'schema <document>',
  summary: 'Print the JSON Schema (draft 2020-12) of job specs, or of their results',
  examples: [
    ['$0 schema jobspec > jobspec.schema.json', 'for an editor or a form that writes job specs'],
    ['$0 schema result', 'of the document that run prints'],
  ],
  options: (yargs) =>
    yargs.positional('document', {
      choices: ['jobspec', 'result', 'verification'] as const,
      describe: 'Which document',
    }),
  run: async ({ document = 'jobspec' }) => {
    const { jsonSchemaOf } = await import('../../src/jobspec/json-schemas.js');
    const result = jsonSchemaOf(document);
    return { result, text: () => JSON.stringify(result, null, 2) };
  },
});
