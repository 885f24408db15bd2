/** `proxyfs events`: the journal, as lines of JSON or for people. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../../src/base/error.js';
import type { EventInfo, Params } from '../../src/control/schema.js';
import { type CommonArguments, defineCommand, type Outcome } from '../command.js';
import { eventCells } from '../output/event-line.js';
import { parseSince } from '../parse-since.js';
import { type Session, withSession } from '../session.js';
import type { Terminal } from '../terminal.js';
import { wholeNumber } from '../whole-number.js';

interface Arguments {
  readonly path: string | undefined;
  readonly follow: boolean;
  readonly since: string | undefined;
  readonly kind: string | undefined;
  readonly last: string | undefined;
  readonly text: boolean;
}

const DEFAULT_LAST = 100;
/** How long a call waits in the daemon for the next event. */
const WAIT_SECONDS = 25;
/** A daemon that died is back within seconds, and so is one that is unmounted for an update. */
const RECONNECT_MS = 1000;
const PATIENCE_MS = 30_000;

export const events = defineCommand<Arguments>({
  usage: 'events [path]',
  summary: 'What happened: one JSON object a line (--text: for people)',
  examples: [
    ['$0 events --follow', 'each event as it happens, until Ctrl-C'],
    ['$0 events --since 2h --text A001', 'what happened below a folder in the last two hours'],
    ['$0 events --kind flip,flip-failed --since 7d', 'who flipped the project this week'],
    [
      '$0 events --follow --kind failed,rejected | while read -r line; do notify-send proxyfs "$line"; done',
      'tell somebody',
    ],
  ],
  options: (yargs) =>
    yargs
      .positional('path', { type: 'string', describe: 'Only what lies at or below it' })
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on as events happen' })
      .option('since', { type: 'string', requiresArg: true, describe: 'From this moment: 30m, 2d, 2026-11-21T14:00' })
      .option('kind', { type: 'string', requiresArg: true, describe: 'Only these kinds, with commas between them' })
      .option('last', {
        type: 'string',
        requiresArg: true,
        describe: `The last N; default ${DEFAULT_LAST}, with --since all`,
      })
      .option('text', { type: 'boolean', default: false, describe: 'For people' }),
  run: async (args, terminal) => {
    const since = args.since === undefined ? undefined : parseSince(args.since, Date.now());
    lastOf(args);
    if (args.follow) return await follow(args, since, terminal);
    const found = await withSession(args, pathsOf(args), terminal, (session) => read(session, args, since));
    return { result: { events: found }, text: () => textOf(found, args.text) };
  },
});

async function read(session: Session, args: Arguments, since: number | undefined): Promise<readonly EventInfo[]> {
  const filter = filterOf(session, args, since);
  if (since === undefined || args.last !== undefined) {
    return (await session.client.call('events', { ...filter, last: lastOf(args) })).events;
  }
  const all: EventInfo[] = [];
  for (let after = 0; ; ) {
    const { events: some, last } = await session.client.call('events', { ...filter, after });
    all.push(...some);
    if (some.length === 0) return all;
    after = last;
  }
}

/** Prints as it goes; a daemon that goes away is waited for, and nothing it recorded is left out. */
async function follow(
  args: Arguments & CommonArguments,
  since: number | undefined,
  terminal: Terminal,
): Promise<Outcome> {
  const ended = new AbortController();
  const stopListening = terminal.onInterrupt(() => ended.abort());
  let position: number | undefined = since === undefined ? undefined : 0;
  let lostAt: number | undefined;
  try {
    while (!ended.signal.aborted) {
      try {
        await withSession(args, pathsOf(args), terminal, async (session) => {
          lostAt = undefined;
          position ??= (await session.client.call('events', { last: 1 })).last;
          for (;;)
            position = await printNext(session, args, { since, after: position, signal: ended.signal }, terminal);
        });
      } catch (error) {
        if (ended.signal.aborted) break;
        lostAt ??= Date.now();
        if (!isPassing(error) || position === undefined) throw error;
        const isGone = Date.now() - lostAt > PATIENCE_MS;
        // Unmounted for good: the last event said so.
        if (isGone && error.code === 'project/not-found') break;
        if (isGone) throw error;
        await sleep(RECONNECT_MS, undefined, { signal: ended.signal }).catch(() => undefined);
      }
    }
    return { result: {}, text: () => '', exitCode: 0 };
  } finally {
    stopListening();
  }
}

async function printNext(
  session: Session,
  args: Arguments,
  { since, after, signal }: { since: number | undefined; after: number; signal: AbortSignal },
  terminal: Terminal,
): Promise<number> {
  const params = { ...filterOf(session, args, since), after, waitSeconds: WAIT_SECONDS };
  const { events: some, last } = await session.client.call('events', params, { signal });
  for (const event of some) terminal.stdout.write(`${lineOf(event, args.text)}\n`);
  return last;
}

const PASSING: readonly string[] = ['daemon/unreachable', 'job/cancelled', 'project/not-found'];

function isPassing(error: unknown): error is ProxyfsError {
  return error instanceof ProxyfsError && PASSING.includes(error.code);
}

function filterOf({ paths }: Session, { kind }: Arguments, since: number | undefined): Params<'events'> {
  return {
    ...(paths[0] === undefined ? {} : { path: paths[0] }),
    ...(since === undefined ? {} : { from: since }),
    ...(kind === undefined ? {} : { kinds: kind.split(',').map((word) => word.trim()) }),
  };
}

/** People hear that there is nothing; a program gets no line. */
function textOf(found: readonly EventInfo[], asText: boolean): string {
  if (asText && found.length === 0) return 'Nothing of this kind is recorded.';
  return found.map((event) => lineOf(event, asText)).join('\n');
}

function lastOf({ last }: Arguments): number {
  return last === undefined ? DEFAULT_LAST : wholeNumber('--last', last, { from: 1, to: 1_000_000 });
}

function pathsOf({ path }: Arguments): readonly string[] {
  return path === undefined ? [] : [path];
}

function lineOf(event: EventInfo, asText: boolean): string {
  if (!asText) return JSON.stringify({ ...event, at: new Date(event.at).toISOString() });
  const [time = '', kind = '', ...rest] = eventCells(event, Date.now());
  return [time, kind.padEnd(13), ...rest].filter((cell) => cell !== '').join('  ');
}
