/** `proxyfs resume`: ends pauses. */

import { defineCommand } from '../command.js';
import { escapeText } from '../output/escape.js';
import { CLASSES, describeWork, scopeOf } from '../output/work.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly paths: string[] | undefined;
  readonly class: (typeof CLASSES)[number] | undefined;
}

export const resume = defineCommand<Arguments>({
  usage: 'resume [paths..]',
  summary: 'End the pauses of the project, or those at and below the paths',
  examples: [
    ['$0 resume', 'all of them'],
    ['$0 resume A001', 'those of a folder and of what lies in it'],
    ['$0 resume --class backlog', 'that of a class'],
  ],
  options: (yargs) =>
    yargs
      .positional('paths', { type: 'string', array: true, describe: 'Files or folders; default: the project' })
      .option('class', { choices: CLASSES, requiresArg: true, describe: 'Only pauses of this class' }),
  run: async (args, terminal) => {
    const result = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      client.call('queue.resume', {
        paths: [...paths],
        ...(args.class === undefined ? {} : { jobClass: args.class }),
      }),
    );
    const ended = result.ended.map((hold) => `resumed: ${escapeText(scopeOf(hold))}`);
    const left = describeWork(result.work, Date.now()).map((line) => `still ${escapeText(line)}`);
    return {
      result,
      text: () => [...(ended.length === 0 ? ['Nothing was paused there.'] : ended), ...left].join('\n'),
    };
  },
});
