/** `proxyfs flush`: serves every proxy that is ready, also where somebody holds the master open. */

import { defineCommand } from '../command.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly paths: string[] | undefined;
}

export const flush = defineCommand<Arguments>({
  usage: 'flush [paths..]',
  summary: 'Serve every proxy that is ready now, also on paths that somebody holds open',
  examples: [
    ['$0 flush', 'the whole project'],
    ['$0 flush A001', 'everything below A001'],
  ],
  options: (yargs) =>
    yargs.positional('paths', { type: 'string', array: true, describe: 'Files or folders; default: the project' }),
  run: async (args, terminal) => {
    const report = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      client.call('flush', { paths: [...paths] }),
    );
    const { formatFlip } = await import('../output/flip-report.js');
    return { result: report, text: () => formatFlip(report, terminal.style, Date.now()) };
  },
});
