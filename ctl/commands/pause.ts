/** `proxyfs pause`: no proxies are made for now, at all, of a path, or of a class. */

import { defineCommand } from '../command.js';
import { escapeText } from '../output/escape.js';
import { CLASSES, describeHold } from '../output/work.js';
import { parseDuration } from '../parse-duration.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly paths: string[] | undefined;
  readonly class: (typeof CLASSES)[number] | undefined;
  readonly for: string | undefined;
}

export const pause = defineCommand<Arguments>({
  usage: 'pause [paths..]',
  summary: 'Make no proxies for now: at all, below the paths, or of a class; also after a restart',
  examples: [
    ['$0 pause', 'everything; what runs stands still and goes on at resume'],
    ['$0 pause --for 2h', 'until the meeting is over'],
    ['$0 pause A001', 'a folder; what runs there goes back into the queue'],
    ['$0 pause --class backlog', 'make only what is opened, asked for or new'],
  ],
  options: (yargs) =>
    yargs
      .positional('paths', { type: 'string', array: true, describe: 'Files or folders; default: the project' })
      .option('class', { choices: CLASSES, requiresArg: true, describe: 'Only this class of jobs' })
      .option('for', {
        type: 'string',
        requiresArg: true,
        describe: 'How long, such as 30m or 2h; default: until resume',
      }),
  run: async (args, terminal) => {
    const seconds = args.for === undefined ? undefined : parseDuration(args.for);
    const result = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      client.call('queue.pause', {
        paths: [...paths],
        ...(args.class === undefined ? {} : { jobClass: args.class }),
        ...(seconds === undefined ? {} : { seconds }),
      }),
    );
    const lines = result.holds.map((hold) => `paused: ${escapeText(describeHold(hold, Date.now()))}`);
    return { result, text: () => lines.join('\n') };
  },
});
