/** `proxyfs adopt`: takes over proxies that cameras and editors left beside the clips. */

import { ProxyfsError } from '../../src/base/error.js';
import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { interruptible } from '../interruptible.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { withSession } from '../session.js';
import type { Style } from '../terminal.js';

interface Arguments {
  readonly paths: string[] | undefined;
}

export const adopt = defineCommand<Arguments>({
  usage: 'adopt <paths..>',
  summary: 'Take over proxies that already lie beside the clips, after validation',
  examples: [
    ['$0 adopt .', 'Proxy folders, *_Proxy names, .LRV, .LRF and Sub files below the folder you are in'],
    ['$0 adopt A001/C003.mov --json', 'of one clip, for scripts'],
  ],
  options: (yargs) => yargs.positional('paths', { type: 'string', array: true, describe: 'Files or folders' }),
  run: async (args, terminal) => {
    const result = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      interruptible(terminal, (signal) => client.call('adopt', { paths: [...paths] }, { signal }), stopped),
    );
    return { result, text: () => describe(result, terminal.style) };
  },
});

function stopped(): ProxyfsError {
  return new ProxyfsError('generate/partly-done', 'stopped; what was adopted until then stays adopted');
}

function describe({ clips, adopted, refused }: Result<'adopt'>, style: Style): string {
  const lines = clips.flatMap(({ path, outcome, from, reason }) => {
    if (outcome === 'adopted')
      return [`${style.green('adopted')}  ${escapeName(path)}  from ${escapeName(from ?? '')}`];
    if (outcome !== 'refused') return [];
    const why = style.dim(`${escapeName(from ?? '')}: ${escapeText(reason ?? '')}`);
    return [`${style.red('refused')}  ${escapeName(path)}  ${why}`];
  });
  return [...lines, `${counted(clips.length, 'clip')}: ${adopted} adopted, ${refused} refused`].join('\n');
}
