/** `proxyfs why`: which variant a path serves, and the whole chain of reasons. */

import { formatSize } from '../../src/base/byte-size.js';
import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { quoteWord } from '../output/quote.js';
import { withSession } from '../session.js';
import type { Style } from '../terminal.js';

interface Arguments {
  readonly path: string | undefined;
}

export const why = defineCommand<Arguments>({
  usage: 'why <path>',
  summary: 'Say which variant a path serves, and why',
  examples: [
    ['$0 why A001/C003.mov', 'mode, eligibility, proxy, and the command that made it'],
    ['$0 why --json A001/C003.mov', 'for scripts'],
  ],
  options: (yargs) => yargs.positional('path', { type: 'string', describe: 'A file or folder of the project' }),
  run: async (args, terminal) => {
    const result = await withSession(args, [args.path ?? '.'], terminal, ({ client, paths }) =>
      client.call('why', { path: paths[0] ?? '' }),
    );
    const { formatFacts } = await import('../output/table.js');
    return { result, text: () => [...story(result, terminal.style), formatFacts(facts(result))].join('\n') };
  },
});

function story({ served, because }: Result<'why'>, style: Style): string[] {
  const name = style.bold(escapeName(served.path === '' ? '.' : served.path));
  const plain = served.kind === 'media' ? `serves its ${served.variant}` : 'is served as it is';
  const what = served.denied ? 'cannot be read now (Input/output error)' : plain;
  return [`${name} ${what}`, ...because.map((line) => `  ${escapeText(line)}`)];
}

function facts(result: Result<'why'>): (readonly [string, string])[] {
  const { served } = result;
  const sized = (path: string, size: number | null) => `${path}${size === null ? '' : `  (${formatSize(size)})`}`;
  return [
    ['Master', sized(result.masterPath, served.kind === 'directory' ? null : served.masterSize)],
    ...(result.proxyPath === null ? [] : [['Proxy', sized(result.proxyPath, served.proxySize)] as const]),
    ...(served.profile === null ? [] : [['Profile', served.profile] as const]),
    ...(result.command === null ? [] : [['Command', result.command.map(quoteWord).join(' ')] as const]),
    ...(result.wayOut === null ? [] : [['Way out', result.wayOut] as const]),
  ];
}
