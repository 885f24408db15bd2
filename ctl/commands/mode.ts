/** `proxyfs mode`: shows the mode, flips it, sets and clears overrides of paths. */

import { ProxyfsError } from '../../src/base/error.js';
import type { CallOptions } from '../../src/control/client.js';
import type { FlipReport } from '../../src/control/schema.js';
import { type CommonArguments, defineCommand, type Outcome } from '../command.js';
import { interruptible } from '../interruptible.js';
import { counted } from '../output/quantities.js';
import { type Session, withSession } from '../session.js';
import type { Terminal } from '../terminal.js';

interface Arguments {
  readonly words: string[] | undefined;
  readonly clear: boolean;
  readonly wait: boolean;
  readonly profile: string | undefined;
}

/** What the words after `mode` ask for. */
type Wish =
  | { readonly kind: 'show' }
  | {
      readonly kind: 'set';
      readonly mode: 'proxy' | 'master';
      readonly paths: readonly string[];
      readonly profile: string | undefined;
    }
  | { readonly kind: 'clear'; readonly paths: readonly string[] };

export const mode = defineCommand<Arguments>({
  usage: 'mode [words..]',
  synopsis: 'mode [proxy|master [PATH...]]\n$0 mode proxy --profile SET [PATH...]\n$0 mode --clear PATH...',
  summary: 'Show the mode, flip it, or give paths a mode of their own',
  examples: [
    ['$0 mode', 'show the mode and its overrides'],
    ['$0 mode master', 'flip the whole project to the masters'],
    ['$0 mode proxy --wait', 'flip back, and wait until nobody reads a master any more'],
    ['$0 mode master A001 B002/C003.mov', 'serve the masters of these paths only'],
    ['$0 mode proxy --profile light', "serve the proxies of this set; 'proxyfs profiles' lists them"],
    ['$0 mode --clear A001', 'let the path follow the project again'],
  ],
  options: (yargs) =>
    yargs
      .positional('words', {
        type: 'string',
        array: true,
        describe: "'proxy' or 'master', then paths; with --clear only paths",
      })
      .option('clear', { type: 'boolean', default: false, describe: 'Take the overrides of PATHs away' })
      .option('profile', { type: 'string', requiresArg: true, describe: 'The set of proxies to serve' })
      .option('wait', {
        type: 'boolean',
        default: false,
        describe: 'Return only when no open file is on the old variant',
      }),
  run: async (args, terminal) => {
    const wish = wishOf(args);
    if (wish.kind === 'show') return await show(args, terminal);
    return await withSession(args, wish.paths, terminal, (session) => flip(session, wish, args.wait, terminal));
  },
});

function wishOf({ words = [], clear, wait, profile }: Arguments): Wish {
  const [first, ...rest] = words;
  if (profile !== undefined && (clear || first !== 'proxy')) {
    throw new ProxyfsError(
      'request/invalid',
      "--profile says which proxies to serve: 'proxyfs mode proxy --profile SET'",
    );
  }
  if (clear) {
    if (first === undefined)
      throw new ProxyfsError('request/invalid', "name the paths: 'proxyfs mode --clear PATH...'");
    return { kind: 'clear', paths: words };
  }
  if (first === undefined) {
    if (wait) throw new ProxyfsError('request/invalid', "--wait goes with a flip: 'proxyfs mode proxy|master --wait'");
    return { kind: 'show' };
  }
  if (first === 'proxy' || first === 'master') return { kind: 'set', mode: first, paths: rest, profile };
  throw new ProxyfsError(
    'request/invalid',
    `'${first}' is not a mode: say 'proxyfs mode proxy' or 'proxyfs mode master', paths after it`,
  );
}

async function show(args: CommonArguments, terminal: Terminal): Promise<Outcome> {
  const result = await withSession(args, [], terminal, ({ client }) => client.call('mode.get', {}));
  const { formatMode } = await import('../output/mode-state.js');
  return { result, text: () => formatMode(result.state) };
}

async function flip(
  { client, paths }: Session,
  wish: Exclude<Wish, { kind: 'show' }>,
  wait: boolean,
  terminal: Terminal,
): Promise<Outcome> {
  let waitingFor = 0;
  const call = async (signal: AbortSignal): Promise<FlipReport> => {
    const options: CallOptions = {
      signal,
      onProgress: (progress) => {
        if (progress.kind === 'waiting-for-handles')
          waitingFor = announce(progress.handles.length, waitingFor, terminal);
      },
    };
    if (wish.kind === 'clear') return await client.call('mode.clear', { paths: [...paths], wait }, options);
    const chosen = wish.profile === undefined ? {} : { profile: wish.profile };
    return await client.call('mode.set', { mode: wish.mode, paths: [...paths], wait, ...chosen }, options);
  };
  const report = await interruptible(terminal, call, () => stillHeld(waitingFor));
  const { formatFlip } = await import('../output/flip-report.js');
  return { result: report, text: () => formatFlip(report, terminal.style, Date.now()) };
}

/** Says once per change how many files are waited for; on stderr, since it is no result. */
function announce(open: number, before: number, terminal: Terminal): number {
  if (open !== before && open > 0) {
    terminal.stderr.write(
      `Flipped; waiting for ${counted(open, 'open file')} ('proxyfs handles' shows them, Ctrl-C stops waiting)\n`,
    );
  }
  return open;
}

function stillHeld(open: number): ProxyfsError {
  const message =
    open === 0
      ? "interrupted before the flip was reported: see 'proxyfs mode'"
      : `the mode is flipped, but ${counted(open, 'open file')} still read the old variant: see 'proxyfs handles'`;
  return new ProxyfsError('flip/handles-open', message, { details: { open } });
}
