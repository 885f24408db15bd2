/** `proxyfs queue`: what runs and what waits, in its order. */

import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted, formatClockTime } from '../output/quantities.js';
import { classNameOf, describeWork, scopeOf } from '../output/work.js';
import { withSession } from '../session.js';
import type { Style } from '../terminal.js';
import { wholeNumber } from '../whole-number.js';

type Queue = Result<'queue.list'>;
type QueuedJob = Queue['jobs'][number];

const STATES = ['waiting', 'running', 'failed', 'done', 'cancelled'] as const;

interface Arguments {
  readonly path: string | undefined;
  readonly state: (typeof STATES)[number] | undefined;
  readonly limit: string;
}

export const queue = defineCommand<Arguments>({
  usage: 'queue [path]',
  summary: 'Show which proxies are being made and which wait, in their order',
  examples: [
    ['$0 queue', 'what runs and what waits'],
    ['$0 queue A001', 'of a folder'],
    ['$0 queue --state failed', 'what failed, and why'],
    ['$0 queue --json | jq .jobs', 'for scripts'],
  ],
  options: (yargs) =>
    yargs
      .positional('path', { type: 'string', describe: 'A file or folder; default: the project' })
      .option('state', { choices: STATES, requiresArg: true, describe: 'Only jobs in this state' })
      .option('limit', { type: 'string', default: '50', requiresArg: true, describe: 'How many at most' }),
  run: async (args, terminal) => {
    const limit = wholeNumber('--limit', args.limit, { from: 1, to: 1_000_000 });
    const named = args.path === undefined ? [] : [args.path];
    const result = await withSession(args, named, terminal, ({ client, paths }) =>
      client.call('queue.list', {
        limit,
        ...(paths[0] === undefined ? {} : { path: paths[0] }),
        ...(args.state === undefined ? {} : { state: args.state }),
      }),
    );
    const { formatTable } = await import('../output/table.js');
    const now = Date.now();
    const rows = result.jobs.map((job) => rowOf(job, now, terminal.style));
    const headings = HEADINGS.map((heading) => ({ heading, shrinks: heading === 'file' }));
    const columns = [{ heading: '#', align: 'right' as const }, ...headings];
    const width = terminal.interactive ? terminal.columns : undefined;
    const table = rows.length === 0 ? 'Nothing there.' : formatTable(columns, rows, width);
    return { result, text: () => [table, ...footer(result, now)].join('\n') };
  },
});

const HEADINGS = ['class', 'age', 'left', 'file', ''];

function rowOf(job: QueuedJob, now: number, style: Style): string[] {
  return [
    job.state === 'running' ? style.green(job.suspended ? '‖' : '▶') : (job.position?.toString() ?? ''),
    classNameOf(job.jobClass),
    formatClockTime((now - job.createdAt) / 1000),
    job.etaSeconds === null ? '' : formatClockTime(job.etaSeconds),
    escapeName(job.path),
    dimmed(escapeText(remarkOn(job)), style),
  ];
}

/** Nothing stays nothing: a table would take colours for text. */
const dimmed = (text: string, style: Style): string => (text === '' ? '' : style.dim(text));

function remarkOn({ hold, reason, attempts, state, suspended }: QueuedJob): string {
  const parts = [
    ...(hold === null ? [] : [`paused with ${scopeOf(hold)}`]),
    ...(hold === null && suspended ? ['stands still for now'] : []),
    ...(attempts > 1 || (attempts > 0 && state === 'waiting') ? [counted(attempts, 'attempt')] : []),
    ...(reason === null ? [] : [reason]),
  ];
  return parts.join('; ');
}

function footer({ counts, jobs, more, work }: Queue, now: number): string[] {
  const { waiting, running, failed } = counts;
  const listed = more ? `The first ${jobs.length}. ` : '';
  return [
    '',
    `${listed}In all ${waiting} waiting, ${running} running, ${failed} failed.`,
    ...describeWork(work, now).map(escapeText),
  ];
}
