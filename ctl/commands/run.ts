/**
 * `proxyfs run`: runs a job spec. Standard output gets the result document and nothing
 * else, whatever happens; people are spoken to on standard error.
 */

import { resolve } from 'node:path';
import { ProxyfsError } from '../../src/base/error.js';
import { OUTPUT_EXISTS, type OutputExists } from '../../src/jobspec/job-plan.js';
import { defineCommand, type Outcome } from '../command.js';
import type { PrintedJob } from '../job/result-file.js';
import { currentDirectory } from '../session.js';
import type { Terminal } from '../terminal.js';

interface Arguments {
  readonly job: string | undefined;
  readonly 'output-exists': OutputExists;
  readonly 'max-workers': string;
  readonly 'fail-fast': boolean;
  readonly result: string | undefined;
  readonly verify: string | undefined;
  readonly publish: string | undefined;
}

export const run = defineCommand<Arguments>({
  usage: 'run [job]',
  summary: 'Run a job spec and print its result as one JSON document',
  examples: [
    ['$0 run job.json > job.result.json', 'exit code 0 done, 1 refused, 2 failed, 3 partly done, 4 system error'],
    ['$0 run job.json --output-exists skip', 'make what is not there yet'],
    ['$0 run job.json --publish /mnt/show', 'serve the outputs as proxies of a mounted project, too'],
    ['$0 run --verify job.result.json', 'run it again elsewhere and compare: exit code 0 equal, 2 different'],
  ],
  options: (yargs) =>
    yargs
      .positional('job', { type: 'string', describe: 'The job spec, or - for standard input' })
      .option('output-exists', {
        choices: OUTPUT_EXISTS,
        default: 'fail' as const,
        describe: 'What to do where an output is there already; fail refuses the whole job',
      })
      .option('max-workers', { type: 'string', requiresArg: true, default: '1', describe: 'Clips at a time (1 to 64)' })
      .option('fail-fast', { type: 'boolean', default: false, describe: 'Stop the job at the first clip that fails' })
      .option('result', {
        type: 'string',
        requiresArg: true,
        describe: 'Write the result document to this .json file, too',
      })
      .option('verify', {
        type: 'string',
        requiresArg: true,
        describe: 'Run the job of this result again in the temporary directory, and compare',
      })
      .option('publish', {
        type: 'string',
        requiresArg: true,
        describe: 'Adopt the outputs as proxies of this mounted project',
      }),
  run: async (args, terminal) => {
    const [{ runJobFile }, { verifyResult }] = await Promise.all([
      import('../job/run-job-file.js'),
      import('../job/verify-result.js'),
    ]);
    const at = (path: string) => resolve(currentDirectory(terminal), path);
    if (args.verify !== undefined && args.publish !== undefined) {
      throw new ProxyfsError('request/invalid', '--verify throws its outputs away, so there is nothing to --publish');
    }
    const job = args.job === undefined || args.job === '-' ? args.job : at(args.job);
    const maxWorkers = workersOf(args['max-workers']);
    const resultFile = args.result === undefined ? undefined : at(args.result);
    if (args.verify !== undefined && resultFile === at(args.verify)) {
      throw new ProxyfsError('request/invalid', '--result would replace the result that --verify compares with');
    }
    const common = { maxWorkers, failFast: args['fail-fast'], resultFile };
    const document =
      args.verify === undefined
        ? await runJobFile(requireJob(job), terminal, {
            ...common,
            outputExists: args['output-exists'],
            publish: args.publish,
          })
        : await verifyResult(at(args.verify), job, terminal, common);
    return finish(document, terminal);
  },
});

function finish({ document, exitCode, lines }: PrintedJob, terminal: Terminal): Outcome {
  terminal.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  if (lines.length > 0) terminal.stderr.write(`proxyfs: ${lines.join('\n')}\n`);
  return { result: document, text: () => '', exitCode };
}

const MOST_WORKERS = 64;

function workersOf(text: string): number {
  const workers = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (workers >= 1 && workers <= MOST_WORKERS) return workers;
  throw new ProxyfsError(
    'request/invalid',
    `--max-workers cannot be '${text}': give a number from 1 to ${MOST_WORKERS}`,
  );
}

function requireJob(job: string | undefined): string {
  if (job !== undefined) return job;
  throw new ProxyfsError('request/invalid', "say which job to run; see 'proxyfs run --help'");
}
