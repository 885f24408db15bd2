/** `proxyfs validate`: everything that would be refused before a job runs, and nothing else. */

import { resolve } from 'node:path';
import { OUTPUT_EXISTS, type OutputExists } from '../../src/jobspec/job-plan.js';
import type { Violation } from '../../src/jobspec/violation.js';
import { defineCommand, type Outcome } from '../command.js';
import { refusedLines } from '../job/job-text.js';
import { escapeName } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { currentDirectory } from '../session.js';
import type { Terminal } from '../terminal.js';

interface Arguments {
  readonly job: string | undefined;
  readonly 'output-exists': OutputExists;
  readonly json: boolean;
}

export const validate = defineCommand<Arguments>({
  usage: 'validate <job>',
  summary: 'Check a job spec and every clip in it, and run nothing',
  examples: [
    ['$0 validate job.json', 'exit code 0: run would start; 1: every violation is listed'],
    ['$0 validate - < job.json', 'from standard input'],
    ['$0 validate job.json --json', 'for scripts: the violations with their JSON pointers, or what would be made'],
  ],
  options: (yargs) =>
    yargs
      .positional('job', { type: 'string', demandOption: true, describe: 'The job spec, or - for standard input' })
      .option('output-exists', {
        choices: OUTPUT_EXISTS,
        default: 'fail' as const,
        describe: 'As for run: whether outputs may be there already',
      }),
  run: async ({ job = '-', json, ...args }, terminal) => {
    const document = await check(job, args['output-exists'], terminal);
    const { valid, violations, error, clips } = document;
    if (json) terminal.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    else if (!valid) terminal.stderr.write(`proxyfs: ${refusedLines(job, { violations, error }).join('\n')}\n`);
    else terminal.stdout.write(`${validText(document.profile, clips)}\n`);
    return { result: document, text: () => '', exitCode: valid ? 0 : 1 } satisfies Outcome;
  },
});

interface Answer {
  readonly valid: boolean;
  readonly violations: readonly Violation[];
  readonly profile: string | null;
  readonly clips: readonly Planned[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

async function check(job: string, outputExists: OutputExists, terminal: Terminal): Promise<Answer> {
  const [{ readJobFile }, { parseJobSpec }, { prepareJob }, { jobDisplay }] = await Promise.all([
    import('../../src/jobspec/read-job-file.js'),
    import('../../src/jobspec/parse-spec.js'),
    import('../job/prepare-job.js'),
    import('../job/job-display.js'),
  ]);
  const nothing = { profile: null, clips: [], error: null };
  const path = job === '-' ? job : resolve(currentDirectory(terminal), job);
  const text = await readJobFile(path, terminal.stdin as AsyncIterable<Buffer | string>);
  if (!text.ok) return { valid: false, violations: text.violations, ...nothing };
  const stop = new AbortController();
  const stopListening = terminal.onInterrupt(() => stop.abort());
  const display = await jobDisplay(terminal);
  const how = { outputExists, signal: stop.signal, onChecked: display.checked };
  const prepared = await prepareJob(parseJobSpec(text.bytes), terminal, how);
  display.end();
  stopListening();
  if (prepared.kind === 'plan') {
    const clips = prepared.plan.clips.map(({ index, source, output, isThere, warnings }) => {
      return { index, source, output, exists: isThere, warnings };
    });
    return { valid: true, violations: [], profile: prepared.plan.profile.name, clips, error: null };
  }
  const { violations, error } = prepared;
  const said = error === undefined ? null : { code: error.code, message: error.message };
  return { valid: false, violations, ...nothing, error: said };
}

interface Planned {
  readonly index: number;
  readonly source: string;
  readonly output: string;
  readonly exists: boolean;
  readonly warnings: readonly string[];
}

function validText(profile: string | null, clips: readonly Planned[]): string {
  const lines = clips.flatMap(({ source, output, warnings }) => [
    `  ${escapeName(source)} -> ${escapeName(output)}`,
    ...warnings.map((warning) => `    note: ${escapeName(warning)}`),
  ]);
  return [`Valid: ${counted(clips.length, 'clip')} as ${profile}`, ...lines].join('\n');
}
