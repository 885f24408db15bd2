/** `proxyfs watch`: runs the job specs that are put into a folder, until it is told to stop. Needs no daemon. */

import { resolve } from 'node:path';
import { ProxyfsError, toProxyfsError } from '../../src/base/error.js';
import { EXIT } from '../../src/base/exit-code.js';
import type { RealPath } from '../../src/base/paths.js';
import { OUTPUT_EXISTS, type OutputExists } from '../../src/jobspec/job-plan.js';
import type { WatchListener, WatchTotals } from '../../src/watchfolder/events.js';
import { defineCommand, type Outcome } from '../command.js';
import { currentDirectory } from '../session.js';
import type { Terminal } from '../terminal.js';
import { wholeNumber } from '../whole-number.js';

interface Arguments {
  readonly folder: string | undefined;
  readonly 'max-workers': string;
  readonly once: boolean;
  readonly 'poll-seconds': string | undefined;
  readonly 'settle-ms': string;
  readonly 'lease-seconds': string;
  readonly resume: boolean;
  readonly 'output-exists': OutputExists;
  readonly 'json-lines': boolean;
}

export const watch = defineCommand<Arguments>({
  usage: 'watch <folder>',
  summary: 'Run the job specs that are put into FOLDER/pending; each ends in completed or failed beside its result',
  examples: [
    ['$0 watch /farm/jobs', 'one spec after the other, oldest first, until Ctrl-C'],
    ['$0 watch /farm/jobs --once', 'run what is there, and end'],
    ['$0 watch /nfs/jobs --poll-seconds 5 --json-lines', 'on network storage, with one JSON object for each event'],
    ['$0 watch /farm/jobs --resume', 'after a crash: run what was interrupted again, without what is finished'],
  ],
  options: (yargs) =>
    yargs
      .positional('folder', { type: 'string', describe: 'Gets pending, running, completed and failed when missing' })
      .option('max-workers', { type: 'string', requiresArg: true, default: '1', describe: 'Specs at once' })
      .option('once', { type: 'boolean', default: false, describe: 'End when nothing is left to take' })
      .option('poll-seconds', {
        type: 'string',
        requiresArg: true,
        describe: 'Look this often, where the storage gives no notification',
      })
      .option('resume', {
        type: 'boolean',
        default: false,
        describe: 'Run specs again that a killed watcher left, instead of failing them',
      })
      .option('output-exists', {
        choices: OUTPUT_EXISTS,
        default: 'fail' as const,
        describe: 'What to do where an output is there already; fail refuses the whole spec',
      })
      .option('json-lines', { type: 'boolean', default: false, describe: 'One JSON object a line for each event' })
      .option('settle-ms', {
        type: 'string',
        requiresArg: true,
        default: '2000',
        describe: 'How long a spec must stay the same before it is taken',
      })
      .option('lease-seconds', {
        type: 'string',
        requiresArg: true,
        default: '120',
        describe: 'After this time without a sign of life a watcher on another machine counts as dead',
      }),
  run: async (args, terminal) => {
    if (args.json && args['json-lines']) {
      throw new ProxyfsError(
        'request/invalid',
        '--json is one document at the end, --json-lines one for each event: leave one out',
      );
    }
    return await watchUntilTold(args, terminal);
  },
});

type Parsed = Arguments & { readonly json: boolean };

async function watchUntilTold(args: Parsed, terminal: Terminal): Promise<Outcome> {
  const listener = await listenerFor(args, terminal);
  const options = {
    folder: resolve(currentDirectory(terminal), args.folder ?? '') as RealPath,
    onEvent: listener,
    maxWorkers: wholeNumber('--max-workers', args['max-workers'], { from: 1, to: 64 }),
    once: args.once,
    resume: args.resume,
    settleMs: wholeNumber('--settle-ms', args['settle-ms'], { from: 0, to: 3_600_000 }),
    leaseMs: wholeNumber('--lease-seconds', args['lease-seconds'], { from: 1, to: 86_400 }) * 1000,
    pollMs: pollMsOf(args),
  };
  const [{ watchFolder }, { jobRunner }, { listRecords }] = await Promise.all([
    import('../../src/watchfolder/watch-folder.js'),
    import('../../src/watchfolder/job-runner.js'),
    import('../../src/control/discovery.js'),
  ]);
  const runner = jobRunner({ env: terminal.env, outputExists: args['output-exists'], projects: listRecords });
  const controller = new AbortController();
  // A second signal finds nobody listening, and ends the program and its encoders at once. Not before
  // the first one has been dealt with: who else listens for it must not take itself for the only one.
  const stopListening = terminal.onInterrupt(() => {
    controller.abort();
    setImmediate(() => stopListening());
  });
  try {
    const totals = await watchFolder({ ...options, runner }, controller.signal);
    return { result: totals, text: () => (args['json-lines'] ? '' : summary(totals)) };
  } catch (thrown) {
    const error = toProxyfsError(thrown);
    if (args['json-lines']) {
      const { code, message } = error;
      terminal.stdout.write(`${JSON.stringify({ at: now(), event: 'fatal', code, message })}\n`);
    }
    return { result: {}, text: () => '', error, exitCode: EXIT.invalidRequest };
  } finally {
    stopListening();
  }
}

function pollMsOf(args: Arguments): number | undefined {
  const text = args['poll-seconds'];
  return text === undefined ? undefined : wholeNumber('--poll-seconds', text, { from: 1, to: 86_400 }) * 1000;
}

async function listenerFor(args: Parsed, { stdout, stderr, style }: Terminal): Promise<WatchListener> {
  if (args['json-lines']) return (event) => stdout.write(`${JSON.stringify({ at: now(), ...event })}\n`);
  const { watchLine } = await import('../output/watch-line.js');
  const stream = args.json ? stderr : stdout;
  return (event) => {
    const line = watchLine(event, style);
    if (line !== undefined) stream.write(`${now()} ${line}\n`);
  };
}

const now = (): string => new Date().toISOString();

const summary = ({ completed, failed, returned }: WatchTotals): string =>
  `${completed} completed, ${failed} failed${returned === 0 ? '' : `, ${returned} put back into pending`}`;
