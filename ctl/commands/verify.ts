/** `proxyfs verify`: checks published proxies, and repairs what is damaged. */

import { formatSize } from '../../src/base/byte-size.js';
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
  readonly deep: boolean;
  readonly repair: boolean;
}

export const verify = defineCommand<Arguments>({
  usage: 'verify [paths..]',
  summary: 'Check the proxies: there, whole, unchanged; withdraw and make again what is damaged',
  examples: [
    ['$0 verify', 'every proxy of the project'],
    ['$0 verify reel1 --deep', 'decode each, and compare it with its master'],
    ['$0 verify --no-repair --json', 'only look, for scripts'],
  ],
  options: (yargs) =>
    yargs
      .positional('paths', { type: 'string', array: true, describe: 'Files or folders; default: the project' })
      .option('deep', { type: 'boolean', default: false, describe: 'Decode and compare with the masters, too' })
      .option('repair', {
        type: 'boolean',
        default: true,
        describe: 'Withdraw what is damaged and make it again (--no-repair: only report it)',
      })
      .epilogue('Exit codes: 0 all are sound, 3 damaged ones were found and are made again, 2 damaged ones remain'),
  run: async ({ json, deep, repair, ...args }, terminal) => {
    const { silentVerify, showVerify } = await import('../progress/verify-display.js');
    const display = json ? silentVerify : await showVerify(terminal);
    const given = { ...args, json };
    try {
      const result = await withSession(given, args.paths ?? [], terminal, ({ client, paths }) =>
        interruptible(
          terminal,
          (signal) => {
            const params = { paths: [...paths], deep, repair };
            return client.call('verify', params, { signal, onProgress: (progress) => display.show(progress) });
          },
          stopped,
        ),
      );
      const error = shortcoming(result);
      const text = () => describe(result, terminal.style);
      return { result, text, ...(error === undefined ? {} : { error }) };
    } finally {
      display.end();
    }
  },
});

function stopped(): ProxyfsError {
  return new ProxyfsError('generate/partly-done', 'stopped; what was found damaged until then has been dealt with');
}

function shortcoming({ damaged }: Result<'verify'>): ProxyfsError | undefined {
  if (damaged.length === 0) return undefined;
  const left = damaged.filter(({ outcome }) => outcome !== 'queued').length;
  const found = `${counted(damaged.length, 'proxy', 'proxies')} damaged`;
  if (left === 0) {
    return new ProxyfsError('generate/partly-done', `${found}: withdrawn from the mount, and made again`);
  }
  return new ProxyfsError('pool/damaged', `${found}, and ${left} of them not made again: see the reasons`);
}

function describe({ checked, sound, bytes, damaged, unchecked }: Result<'verify'>, style: Style): string {
  const lines = damaged.map(({ path, profile, problem, outcome, reason }) => {
    const why = reason === null ? '' : style.dim(` (${escapeText(reason)})`);
    return `${style.red('damaged')}    ${escapeName(path)}  ${profile}  ${escapeText(problem)}: ${outcome}${why}`;
  });
  const doubts = unchecked.map(
    ({ path, profile, reason }) =>
      `${style.yellow('unchecked')}  ${escapeName(path)}  ${profile}  ${escapeText(reason)}`,
  );
  const total = `${counted(checked, 'proxy', 'proxies')}, ${formatSize(bytes)}: ${sound} sound, ${damaged.length} damaged`;
  return [...lines, ...doubts, total].join('\n');
}
