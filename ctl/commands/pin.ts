/** `proxyfs pin` and `proxyfs unpin`: what is never removed from the pool to make room. */

import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly paths: string[] | undefined;
}

export const pin = defineCommand<Arguments>({
  usage: 'pin [paths..]',
  summary: 'Keep the proxies below the paths, whatever quota and time to live say',
  examples: [
    ['$0 pin reel1 hero.mov', 'a folder with all it will ever hold, and a clip'],
    ['$0 pin', 'show what is pinned'],
  ],
  options: (yargs) => yargs.positional('paths', { type: 'string', array: true, describe: 'Files or folders' }),
  run: async (args, terminal) => {
    const result = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      client.call('pin', { paths: [...paths] }),
    );
    return { result, text: () => describe(result) };
  },
});

export const unpin = defineCommand<Arguments>({
  usage: 'unpin <paths..>',
  summary: 'Let the proxies below the paths be removed again when room is needed',
  examples: [['$0 unpin reel1', 'takes the pin of that folder away']],
  options: (yargs) => yargs.positional('paths', { type: 'string', array: true, describe: 'Pinned files or folders' }),
  run: async (args, terminal) => {
    const result = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      client.call('unpin', { paths: [...paths] }),
    );
    const { removed } = result;
    const text = () =>
      removed.length === 0 ? "none of them was pinned: 'proxyfs pin' lists what is" : `unpinned: ${named(removed)}`;
    return { result, text };
  },
});

function describe({ pins, queued }: Result<'pin'>): string {
  const made = queued === 0 ? [] : [`${counted(queued, 'proxy', 'proxies')} that had been removed will be made again`];
  return [pins.length === 0 ? 'nothing is pinned' : `pinned: ${named(pins)}`, ...made].join('\n');
}

const named = (paths: readonly string[]): string =>
  paths.map((path) => escapeName(path === '' ? '/' : path)).join(', ');
