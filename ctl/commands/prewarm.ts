/** `proxyfs prewarm`: makes the proxies that are missing and shows how far it is. */

import { ProxyfsError } from '../../src/base/error.js';
import type { ClipResult, Result } from '../../src/control/schema.js';
import { defineCommand, type Outcome } from '../command.js';
import { interruptible } from '../interruptible.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted, formatSize } from '../output/quantities.js';
import { type Session, withSession } from '../session.js';
import type { Style, Terminal } from '../terminal.js';

interface Arguments {
  readonly paths: string[] | undefined;
  readonly wait: boolean;
  readonly 'retry-failed': boolean;
  readonly profile: string | string[] | undefined;
}

/** How many files of a kind are listed by name. */
const LISTED = 20;

export const prewarm = defineCommand<Arguments>({
  usage: 'prewarm <paths..>',
  summary: 'Make the proxies that are missing below the paths',
  examples: [
    ['$0 prewarm .', 'everything below the folder you are in'],
    ['$0 prewarm A001 B002/C003.mov', 'a folder and a clip'],
    ['$0 prewarm . --no-wait', "queue them and return; 'proxyfs status' shows how far they are"],
    ['$0 prewarm . --retry-failed', 'also those that failed before'],
    ['$0 prewarm . --profile light', 'make another set, beside the one that is served'],
    ['$0 prewarm . --profile edit --profile light', 'make two sets, each clip decoded once'],
  ],
  options: (yargs) =>
    yargs
      .positional('paths', { type: 'string', array: true, describe: 'Files or folders' })
      .option('wait', {
        type: 'boolean',
        default: true,
        describe: 'Follow the work to its end (--no-wait: only queue it)',
      })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'Another set than the one that is served; may be repeated',
      })
      .option('retry-failed', { type: 'boolean', default: false, describe: 'Try clips again that failed before' }),
  run: async (args, terminal) => {
    const result = await withSession(args, args.paths ?? [], terminal, (session) => follow(session, args, terminal));
    const error = shortcoming(result);
    return {
      result,
      text: () => summary(result, terminal.style),
      ...(error === undefined ? {} : { error }),
    } satisfies Outcome;
  },
});

async function follow(
  { client, paths }: Session,
  { json, wait, ...args }: Arguments & { readonly json: boolean },
  terminal: Terminal,
): Promise<Result<'prewarm'>> {
  const display = await displayFor(json, terminal);
  const { profile } = args;
  const chosen = profile === undefined ? {} : { profiles: [profile].flat() };
  const params = { paths: [...paths], wait, retryFailed: args['retry-failed'], ...chosen };
  try {
    return await interruptible(
      terminal,
      (signal) => client.call('prewarm', params, { signal, onProgress: (progress) => display.show(progress) }),
      stoppedFollowing,
    );
  } finally {
    display.end();
  }
}

async function displayFor(json: boolean, terminal: Terminal) {
  const displays = await import('../progress/prewarm-display.js');
  if (json) return displays.silentDisplay;
  return terminal.interactive ? await displays.barDisplay(terminal) : displays.plainDisplay(terminal);
}

function stoppedFollowing(): ProxyfsError {
  const message = "stopped following; the proxies are still being made: 'proxyfs status' shows how far they are";
  return new ProxyfsError('generate/partly-done', message);
}

/** Nothing for ineligible clips: serving their masters is what is promised for them. */
function shortcoming(result: Result<'prewarm'>): ProxyfsError | undefined {
  const cancelled = result.clips.filter((clip) => clip.outcome === 'cancelled').length;
  const without = result.failed + cancelled;
  if (without === 0) return undefined;
  const message = `${counted(without, 'clip')} got no proxy and will serve the master: 'proxyfs why PATH' says what to do, --retry-failed tries again`;
  const nothingElse = result.made + result.alreadyThere + result.queued === 0;
  return new ProxyfsError(nothingElse ? 'generate/failed' : 'generate/partly-done', message, {
    details: { failed: result.failed, cancelled },
  });
}

function summary(result: Result<'prewarm'>, style: Style): string {
  const parts = [
    ...(result.made > 0 ? [style.green(`${result.made} made${saved(result.clips)}`)] : []),
    ...(result.queued > 0 ? [`${result.queued} queued`] : []),
    ...(result.alreadyThere > 0 ? [`${result.alreadyThere} already there`] : []),
    ...(result.ineligible > 0 ? [`${result.ineligible} stay master`] : []),
    ...(result.failed > 0 ? [style.red(`${result.failed} failed`)] : []),
  ];
  if (parts.length === 0) return 'No media files there.';
  return [
    `${counted(result.clips.length, 'clip')}: ${parts.join(', ')}`,
    ...named('Stay master', result.clips, 'ineligible', style),
    ...named('Failed', result.clips, 'failed', style),
  ].join('\n');
}

function saved(clips: readonly ClipResult[]): string {
  const made = clips.filter((clip) => clip.outcome === 'made');
  const total = (size: (clip: ClipResult) => number) => formatSize(made.reduce((sum, clip) => sum + size(clip), 0));
  return ` (${total((clip) => clip.masterSize)} -> ${total((clip) => clip.proxySize ?? 0)})`;
}

function named(title: string, clips: readonly ClipResult[], outcome: ClipResult['outcome'], style: Style): string[] {
  const such = clips.filter((clip) => clip.outcome === outcome);
  if (such.length === 0) return [];
  const lines = such
    .slice(0, LISTED)
    .map((clip) => `  ${escapeName(clip.path)}  ${style.dim(escapeText(clip.reason ?? ''))}`);
  return [
    `${title}:`,
    ...lines,
    ...(such.length > LISTED ? [`  and ${such.length - LISTED} more: 'proxyfs ls' shows them`] : []),
  ];
}
