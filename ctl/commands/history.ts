/** `proxyfs history`: the audit trail of one file. */

import { formatSize } from '../../src/base/byte-size.js';
import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName } from '../output/escape.js';
import { eventCells } from '../output/event-line.js';
import { formatMoment } from '../output/quantities.js';
import { quoteWord } from '../output/quote.js';
import { withSession } from '../session.js';
import { wholeNumber } from '../whole-number.js';

interface Arguments {
  readonly path: string | undefined;
  readonly limit: string | undefined;
}

type Proxy = Result<'history'>['proxies'][number];

export const history = defineCommand<Arguments>({
  usage: 'history <path>',
  summary: 'The audit trail of a file: who asked, what ran, with which FFmpeg, and what came of it',
  examples: [
    ['$0 history A001/C003.mov', 'also what happened under earlier names'],
    ['$0 history --json A001/C003.mov', 'for scripts'],
  ],
  options: (yargs) =>
    yargs
      .positional('path', { type: 'string', describe: 'A file of the project; it may be gone' })
      .option('limit', { type: 'string', requiresArg: true, describe: 'The last N events; default 1000' }),
  run: async (args, terminal) => {
    const limit =
      args.limit === undefined ? {} : { limit: wholeNumber('--limit', args.limit, { from: 1, to: 1_000_000 }) };
    const result = await withSession(args, [args.path ?? '.'], terminal, ({ client, paths }) =>
      client.call('history', { path: paths[0] ?? '', ...limit }),
    );
    const { formatFacts, formatTable, indent } = await import('../output/table.js');
    const rows = result.events.map((event) => {
      const [time = '', kind = '', path = '', what = ''] = eventCells(event, Date.now());
      return [time, kind, event.path === result.path ? '' : path, what];
    });
    return {
      result,
      text: () =>
        [
          terminal.style.bold(escapeName(result.path || '.')),
          rows.length === 0 ? nothing(result) : indent(formatTable([{}, {}, {}, {}], rows)),
          ...result.proxies.flatMap((proxy) => [`Proxy '${proxy.profile}'`, indent(formatFacts(facts(proxy)))]),
        ].join('\n'),
    };
  },
});

/** A file that is no clip, and a name that was mistyped, look the same from here. */
function nothing({ known, path, proxies }: Result<'history'>): string {
  const shared = proxies.find(({ master }) => master !== path);
  const why = shared === undefined ? '' : `: it has the content of ${escapeName(shared.master)}, and its proxy`;
  return known
    ? `  nothing is recorded of it${why}`
    : "  nothing is recorded of it, and no clip of this name is known (of a folder, 'proxyfs events PATH' tells)";
}

function facts(proxy: Proxy): (readonly [string, string])[] {
  return [
    ['File', `${proxy.file}  (${formatSize(proxy.size)})`],
    ['Made', `${momentOf(proxy.startedAt)} to ${momentOf(proxy.finishedAt)} by ${proxy.madeBy}, of ${proxy.master}`],
    ['FFmpeg', versionOf(proxy.ffmpeg)],
    ['Compared', proxy.valid ? 'equal to its master in everything that is checked' : 'not equal to its master'],
    ['Command', proxy.command.map(quoteWord).join(' ')],
  ];
}

/** Local, as the events above it; `--json` has it as it was written down. */
const momentOf = (text: string): string => formatMoment(Date.parse(text), Date.now());

/** The first line of what it says of itself; `--json` has all. */
function versionOf(ffmpeg: string): string {
  return (ffmpeg.split('\n')[0] ?? '').replace(/^ffmpeg version /, '').replace(/ Copyright .*$/, '');
}
