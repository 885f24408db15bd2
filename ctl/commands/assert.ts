/** `proxyfs assert`: the guard of a render script. */

import { ProxyfsError } from '../../src/base/error.js';
import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly mode: string | undefined;
  readonly paths: string[] | undefined;
}

type Mode = 'proxy' | 'master';

export const assert = defineCommand<Arguments>({
  usage: 'assert <mode> <paths..>',
  summary: 'Succeed only when every media file below the paths is served so; else list those that are not',
  examples: [
    ['$0 assert master /mnt/show && render', 'never render from proxies by accident'],
    ['$0 assert proxy A001', 'is the offline set complete?'],
  ],
  options: (yargs) =>
    yargs
      .positional('mode', { type: 'string', choices: ['proxy', 'master'], describe: 'What has to be served' })
      .positional('paths', { type: 'string', array: true, describe: 'Files or folders' }),
  run: async (args, terminal) => {
    const mode: Mode = args.mode === 'proxy' ? 'proxy' : 'master';
    const result = await withSession(args, args.paths ?? [], terminal, ({ client, paths }) =>
      client.call('assert', { mode, paths: [...paths] }),
    );
    if (result.wrongCount === 0) {
      return { result, text: () => `${counted(result.checked, 'media file')}: all serve the ${mode}` };
    }
    const { formatTable } = await import('../output/table.js');
    const rows = result.wrong.map(({ path, reason }) => [escapeName(path), terminal.style.dim(escapeText(reason))]);
    return { result, text: () => formatTable([{}, {}], rows), error: notServedSo(result, mode) };
  },
});

function notServedSo(result: Result<'assert'>, mode: Mode): ProxyfsError {
  const wayOut = mode === 'master' ? "'proxyfs mode master' flips them" : "'proxyfs why PATH' says why";
  const message = `${result.wrongCount} of ${counted(result.checked, 'media file')} do not serve the ${mode}: ${wayOut}`;
  return new ProxyfsError('assert/not-served-so', message, {
    details: { checked: result.checked, wrongCount: result.wrongCount },
  });
}
