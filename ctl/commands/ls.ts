/** `proxyfs ls`: a folder with what each file serves. */

import { formatSize } from '../../src/base/byte-size.js';
import type { ServedPath } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { withSession } from '../session.js';
import type { Style } from '../terminal.js';

interface Arguments {
  readonly dir: string | undefined;
  readonly long: boolean;
}

export const LEGEND =
  'P proxy   M master   … proxy on its way   ~ removed to make room   ! no proxy: failed   - stays master   ? not examined yet   x offline';

export const ls = defineCommand<Arguments>({
  usage: 'ls [dir]',
  summary: 'List a folder with a marker per file: what it serves and whether a proxy is there',
  examples: [
    ['$0 ls', 'the folder you are in'],
    ['$0 ls A001 --long', 'with the reason of each'],
    ['$0 ls --json | jq .', 'for scripts'],
  ],
  options: (yargs) =>
    yargs
      .positional('dir', { type: 'string', describe: 'A folder or a file; default: here' })
      .option('long', { alias: 'l', type: 'boolean', default: false, describe: 'Show the reasons' })
      .epilogue(LEGEND),
  run: async (args, terminal) => {
    const result = await withSession(args, [args.dir ?? '.'], terminal, ({ client, paths }) =>
      client.call('ls', { path: paths[0] ?? '' }),
    );
    const { formatTable } = await import('../output/table.js');
    const rows = result.entries.map((entry) => rowOf(entry, args.long, terminal.style));
    const columns = [{}, { align: 'right' as const }, { align: 'right' as const }, {}, {}];
    const legend = terminal.interactive && rows.length > 0 ? `\n${terminal.style.dim(LEGEND)}` : '';
    return { result, text: () => `${formatTable(columns, rows)}${legend}` };
  },
});

function rowOf(entry: ServedPath, long: boolean, style: Style): string[] {
  const name = escapeName(entry.path.slice(entry.path.lastIndexOf('/') + 1));
  const directory = entry.kind === 'directory';
  return [
    coloured(markerOf(entry), style),
    directory ? '' : formatSize(entry.size),
    entry.size === entry.masterSize || directory ? '' : style.dim(`of ${formatSize(entry.masterSize)}`),
    directory ? style.blue(`${name}/`) : name,
    [...pinOf(entry), ...(long && !directory ? [style.dim(escapeText(entry.reason))] : [])].join('  '),
  ];
}

/** A pin holds proxies: of a file that has none by its kind only a pin of its own is worth a word. */
function pinOf({ kind, path, pinnedBy }: ServedPath): readonly string[] {
  if (pinnedBy === null) return [];
  if (pinnedBy === path) return ['pinned'];
  return kind === 'media' || kind === 'directory' ? [`pinned with ${escapeName(`${pinnedBy}/`)}`] : [];
}

/** One character per path; blank for what has no variants. */
export function markerOf(entry: Pick<ServedPath, 'kind' | 'variant' | 'state'>): string {
  if (entry.kind !== 'media') return ' ';
  if (entry.variant === 'proxy') return 'P';
  const markers: Readonly<Record<ServedPath['state'], string>> = {
    ready: 'M',
    waiting: '…',
    running: '…',
    removed: '~',
    failed: '!',
    ineligible: '-',
    unknown: '?',
    'not-media': ' ',
    offline: 'x',
  };
  return markers[entry.state];
}

function coloured(marker: string, style: Style): string {
  if (marker === 'P') return style.green(marker);
  if (marker === '!') return style.red(marker);
  return marker === '…' || marker === '?' || marker === 'x' ? style.yellow(marker) : marker;
}
