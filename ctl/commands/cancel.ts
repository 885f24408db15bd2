/** `proxyfs cancel`: takes jobs out of the queue and stops those that run. */

import { defineCommand } from '../command.js';
import { counted } from '../output/quantities.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly paths: string[] | undefined;
}

export const cancel = defineCommand<Arguments>({
  usage: 'cancel <paths..>',
  summary: 'Take what waits or runs below the paths out of the queue',
  examples: [
    ['$0 cancel A001', 'a folder'],
    ['$0 cancel .', 'everything below the folder you are in'],
    ['$0 prewarm A001', 'asks for them again; so does opening one of the files'],
  ],
  options: (yargs) => yargs.positional('paths', { type: 'string', array: true, describe: 'Files or folders' }),
  run: async (args, terminal) => {
    const result = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      client.call('queue.cancel', { paths: [...paths] }),
    );
    const { cancelled, running } = result;
    const stopped = running === 0 ? '' : `, ${running} of them running`;
    return {
      result,
      text: () =>
        cancelled === 0 ? 'Nothing waits or runs there.' : `${counted(cancelled, 'job')} cancelled${stopped}`,
    };
  },
});
