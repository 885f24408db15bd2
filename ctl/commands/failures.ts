/** `proxyfs failures`: the clips that were set aside, why, and what can be done. */

import type { Result } from '../../src/control/schema.js';
import { defineCommand, type Outcome } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { type Session, withSession } from '../session.js';
import type { Style } from '../terminal.js';

interface Arguments {
  readonly path: string | undefined;
  readonly retry: boolean;
}

type Failure = Result<'failures'>['failures'][number];

/** How many clips of a reason are listed by name. */
const LISTED = 10;

export const failures = defineCommand<Arguments>({
  usage: 'failures [path]',
  summary: 'The clips that got no proxy: the reason, and the way out',
  examples: [
    ['$0 failures', 'of the project, by reason'],
    ['$0 failures A001', 'of a folder'],
    ['$0 failures --retry', 'try them again, in the background'],
    ['$0 failures --json', 'for scripts'],
  ],
  options: (yargs) =>
    yargs
      .positional('path', { type: 'string', describe: 'Only what lies at or below it' })
      .option('retry', { type: 'boolean', default: false, describe: 'Queue them again' }),
  run: async (args, terminal) => {
    const paths = args.path === undefined ? [] : [args.path];
    return await withSession(args, paths, terminal, async (session): Promise<Outcome> => {
      const path = session.paths[0];
      const found = await session.client.call('failures', path === undefined ? {} : { path });
      if (args.retry) return await retry(session, found.failures);
      return { result: found, text: () => report(found.failures, terminal.style) };
    });
  },
});

async function retry({ client }: Session, found: readonly Failure[]): Promise<Outcome> {
  if (found.length === 0) return { result: { queued: 0 }, text: () => 'Nothing has failed.' };
  let queued = 0;
  const clips: Result<'prewarm'>['clips'] = [];
  for (const [set, paths] of bySet(found)) {
    const inSet = set === undefined ? {} : { profiles: [set] };
    const answer = await client.call('prewarm', { paths, wait: false, retryFailed: true, ...inSet });
    queued += answer.queued;
    clips.push(...answer.clips);
  }
  const what = found.every(({ isServed }) => isServed) ? counted(queued, 'clip') : counted(queued, 'proxy', 'proxies');
  return {
    result: { queued, clips },
    text: () => `${what} of ${found.length} queued again: 'proxyfs status' shows how far they are`,
  };
}

/** Those of the served set go by no name: it may be another one in each folder. */
function bySet(found: readonly Failure[]): ReadonlyMap<string | undefined, string[]> {
  const sets = new Map<string | undefined, string[]>();
  for (const { isServed, profile, path } of found) {
    const set = isServed ? undefined : profile;
    const paths = sets.get(set) ?? [];
    paths.push(path);
    sets.set(set, paths);
  }
  return sets;
}

function report(found: readonly Failure[], style: Style): string {
  if (found.length === 0) return 'Nothing has failed.';
  const byReason = new Map<string, Failure[]>();
  for (const failure of found) byReason.set(failure.reason, [...(byReason.get(failure.reason) ?? []), failure]);
  const groups = [...byReason.values()].sort((a, b) => b.length - a.length);
  return groups.map((group) => section(group, style)).join('\n\n');
}

function section(group: readonly Failure[], style: Style): string {
  const [{ reason, wayOut } = { reason: '', wayOut: '' }] = group;
  const clips = new Set(group.map(({ path }) => path));
  const names = group.slice(0, LISTED).map(nameOf);
  const more = group.length > LISTED ? [`  and ${group.length - LISTED} more: --json lists them all`] : [];
  return [
    style.bold(`${counted(clips.size, 'clip')}: ${escapeText(reason)}`),
    `Way out: ${escapeText(wayOut)}`,
    ...names,
    ...more,
  ].join('\n');
}

/** The set only where it is not the one that is served. */
function nameOf({ path, profile, isServed }: Failure): string {
  return isServed ? `  ${escapeName(path)}` : `  ${escapeName(path)}  (${escapeText(profile)})`;
}
