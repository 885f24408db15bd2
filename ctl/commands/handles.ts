/** `proxyfs handles`: who holds which file open, on which variant. */

import { defineCommand } from '../command.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly all: boolean;
}

export const handles = defineCommand<Arguments>({
  usage: 'handles',
  summary: 'List open media files: path, variant, process, since when',
  examples: [
    ['$0 handles', 'media files that somebody has open'],
    ['$0 handles --all', 'every open file of the mount'],
  ],
  options: (yargs) =>
    yargs.option('all', { type: 'boolean', default: false, describe: 'Also files that are never swapped' }),
  run: async (args, terminal) => {
    const result = await withSession(args, [], terminal, ({ client }) => client.call('handles', { all: args.all }));
    const { formatHandles } = await import('../output/handles.js');
    const none = args.all ? 'No file of the mount is open.' : 'No media file of the mount is open.';
    return { result, text: () => formatHandles(result.handles, Date.now()) || none };
  },
});
