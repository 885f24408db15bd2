/** `proxyfs status`: the project on one screen, once or live. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../../src/base/error.js';
import { type CommonArguments, defineCommand, type Outcome } from '../command.js';
import type { Info, Status } from '../output/status-screen.js';
import { withSession } from '../session.js';
import type { Terminal } from '../terminal.js';

interface Arguments {
  readonly watch: boolean;
  readonly interval: number;
}

interface Snapshot {
  readonly info: Info;
  readonly status: Status;
}

export const status = defineCommand<Arguments>({
  usage: 'status',
  summary: 'Show the project: mode, clips, queue, space, and what does not work',
  examples: [
    ['$0 status', 'of the project you are in'],
    ['$0 status --watch', 'live, until Ctrl-C'],
    ['$0 status --project /mnt/show', 'of another one'],
    ['$0 status --json', 'for scripts; with --watch one line of JSON each time'],
  ],
  options: (yargs) =>
    yargs
      .option('watch', { alias: 'w', type: 'boolean', default: false, describe: 'Go on, drawn anew in its place' })
      .option('interval', { type: 'number', default: 1, requiresArg: true, describe: 'Seconds between two looks' }),
  run: async (args, terminal) => {
    if (!(args.interval >= 0.1 && args.interval <= 3600)) {
      throw new ProxyfsError('request/invalid', '--interval takes 0.1 to 3600 seconds');
    }
    if (args.watch) return await watch(args, terminal);
    const { info, status: current } = await look(args, terminal);
    const { statusScreen } = await import('../output/status-screen.js');
    return {
      result: { info, ...current },
      text: () => statusScreen(info, current, terminal.style, Date.now(), widthOf(terminal)),
    };
  },
});

async function look(args: CommonArguments, terminal: Terminal): Promise<Snapshot> {
  return await withSession(args, [], terminal, async ({ client }) => {
    const [info, current] = await Promise.all([client.call('daemon.info', {}), client.call('status', {})]);
    return { info, status: current };
  });
}

/** Until Ctrl-C, or until the project is unmounted. */
async function watch(args: Arguments & CommonArguments, terminal: Terminal): Promise<Outcome> {
  const ended = new AbortController();
  const stopListening = terminal.onInterrupt(() => ended.abort());
  const show = await displayFor(args, terminal);
  try {
    for (let hasSeen = false; !ended.signal.aborted; hasSeen = true) {
      try {
        show.snapshot(await look(args, terminal));
      } catch (error) {
        // It was there a moment ago: it is being brought back, or it was unmounted.
        if (!hasSeen || !isAway(error)) throw error;
        if (error.code === 'project/not-found') return { result: {}, text: () => '', exitCode: 0 };
        show.trouble(error.message);
      }
      await sleep(args.interval * 1000, undefined, { signal: ended.signal }).catch(() => undefined);
    }
    return { result: {}, text: () => '', exitCode: 0 };
  } finally {
    show.end();
    stopListening();
  }
}

interface Display {
  snapshot(snapshot: Snapshot): void;
  trouble(message: string): void;
  end(): void;
}

async function displayFor({ json }: CommonArguments, terminal: Terminal): Promise<Display> {
  const { statusScreen } = await import('../output/status-screen.js');
  const print = (text: string) => terminal.stdout.write(`${text}\n`);
  if (json) {
    const snapshot = ({ info, status: current }: Snapshot) => print(JSON.stringify({ info, ...current }));
    return { snapshot, trouble: (message) => print(JSON.stringify({ error: { message } })), end: () => undefined };
  }
  const textOf = ({ info, status: current }: Snapshot) =>
    statusScreen(info, current, terminal.style, Date.now(), widthOf(terminal));
  if (!terminal.interactive) {
    return { snapshot: (seen) => print(`${textOf(seen)}\n`), trouble: print, end: () => undefined };
  }
  const { LiveScreen } = await import('../progress/live-screen.js');
  const screen = new LiveScreen(terminal);
  let last = '';
  return {
    snapshot: (seen) => {
      last = textOf(seen);
      screen.draw(last);
    },
    trouble: (message) => screen.draw(`${terminal.style.yellow(message)}\n${last}`),
    end: () => screen.end(),
  };
}

/** A file or a pipe gets names as they are. */
function widthOf(terminal: Terminal): number | undefined {
  return terminal.interactive ? (terminal.size?.().columns ?? terminal.columns) : undefined;
}

function isAway(error: unknown): error is ProxyfsError {
  return error instanceof ProxyfsError && (error.code === 'daemon/unreachable' || error.code === 'project/not-found');
}
