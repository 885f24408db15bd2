/** `proxyfs prewarm`: makes the proxies that are missing and shows how far it is. */

import { ProxyfsError } from '../../src/base/error.js';
import type { Result } from '../../src/control/schema.js';
import { type CommonArguments, defineCommand, type Outcome } from '../command.js';
import { interruptible } from '../interruptible.js';
import { formatPreview } from '../output/prewarm-preview.js';
import { formatPrewarm, formatUnfound } from '../output/prewarm-summary.js';
import { counted } from '../output/quantities.js';
import { type FoundList, findListed, type PathList, readPathList } from '../path-list.js';
import { currentDirectory, type Session, withSession } from '../session.js';
import type { Terminal } from '../terminal.js';

interface Arguments {
  readonly paths: string[] | undefined;
  readonly from: string | undefined;
  readonly first: string | string[] | undefined;
  readonly wait: boolean;
  readonly read: boolean;
  readonly 'dry-run': boolean;
  readonly 'retry-failed': boolean;
  readonly profile: string | string[] | undefined;
}

type Asked = Arguments & CommonArguments;

export const prewarm = defineCommand<Arguments>({
  usage: 'prewarm [paths..]',
  summary: 'Make the proxies that are missing, in the order in which they are named',
  examples: [
    ['$0 prewarm .', 'everything below the folder you are in'],
    ['$0 prewarm A001 B002/C003.mov', 'a folder, and then a clip'],
    ["$0 prewarm 'A*/**/*_interview*.mov'", 'by a pattern: quoted, so that it is not the shell that fills it in'],
    ['$0 prewarm . --first scene12 --first A003', 'everything, these first'],
    ['$0 prewarm --from timeline.txt', 'the clips of a list, one a line, in its order'],
    ['$0 prewarm . --dry-run', 'what would be made, how much space and time that takes'],
    ['$0 prewarm scene12 --read', 'and read the proxies into memory, for the first playback'],
    ['$0 prewarm . --no-wait', "queue them and return; 'proxyfs status' shows how far they are"],
    ['$0 prewarm . --retry-failed', 'also those that failed before'],
    ['$0 prewarm . --profile edit --profile light', 'make two sets, each clip decoded once'],
  ],
  repeatable: ['first', 'profile'],
  options: (yargs) =>
    yargs
      .positional('paths', { type: 'string', array: true, describe: 'Files, folders, or patterns with * ** ? [ ] { }' })
      .option('from', {
        type: 'string',
        requiresArg: true,
        describe: 'A list of paths, one a line, in the order of the timeline (- reads it from stdin)',
      })
      .option('first', {
        type: 'string',
        requiresArg: true,
        describe: 'What comes before all else: a path or pattern; may be repeated',
      })
      .option('wait', {
        type: 'boolean',
        default: true,
        describe: 'Follow the work to its end (--no-wait: only queue it)',
      })
      .option('read', { type: 'boolean', default: false, describe: 'Read the proxies into memory, as far as they fit' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only say what would be made' })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'Another set than the one that is served; may be repeated',
      })
      .option('retry-failed', { type: 'boolean', default: false, describe: 'Try clips again that failed before' }),
  run: async (args, terminal) => {
    const list = args.from === undefined ? undefined : await readList(args.from, terminal);
    const named = [...listOf(args.first), ...(args.paths ?? [])];
    if (list === undefined && (args.paths ?? []).length === 0) throw nothingNamed();
    const project = args.project ?? (named.length === 0 ? await projectOf(list, terminal) : undefined);
    return await withSession({ ...args, project }, named, terminal, (session) =>
      carryOut(session, args, list, terminal),
    );
  },
});

async function carryOut(
  session: Session,
  args: Asked,
  list: PathList | undefined,
  terminal: Terminal,
): Promise<Outcome> {
  const found = list === undefined ? undefined : await findListed(list, session.record);
  if (found !== undefined && found.paths.length === 0) throw nothingFound(args, found);
  const paths = [...session.paths, ...(found?.paths ?? [])];
  const unfound = found?.missing ?? [];
  const also = found === undefined ? {} : { unfound, repeated: found.repeated };
  const notes = formatUnfound(list?.name ?? '', unfound, terminal.style);
  const text = (body: string) => [body, ...notes].join('\n');
  if (args['dry-run']) {
    const result = await session.client.call('prewarm.preview', { paths, ...wantedOf(args) });
    return {
      result: { ...result, ...also },
      text: () => text(formatPreview(result, terminal.style)),
      ...missed(found),
    };
  }
  const result = await follow(session, paths, args, terminal);
  const error = shortcoming(result);
  return {
    result: { ...result, ...also },
    text: () => text(formatPrewarm(result, terminal.style)),
    ...(error === undefined ? missed(found) : { error }),
  };
}

function wantedOf(args: Arguments) {
  const profiles = listOf(args.profile);
  return { retryFailed: args['retry-failed'], ...(profiles.length === 0 ? {} : { profiles }) };
}

async function follow(
  { client }: Session,
  paths: readonly string[],
  args: Asked,
  terminal: Terminal,
): Promise<Result<'prewarm'>> {
  const display = await displayFor(args.json, terminal);
  const params = { paths: [...paths], wait: args.wait, ...(args.read ? { read: true } : {}), ...wantedOf(args) };
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

async function readList(name: string, terminal: Terminal): Promise<PathList> {
  return await readPathList(name, currentDirectory(terminal), terminal.stdin);
}

/** A list knows its project by what it names, or by where it lies; else it is that of the current directory. */
async function projectOf(list: PathList | undefined, terminal: Terminal): Promise<string | undefined> {
  if (list === undefined) return undefined;
  const { findProject } = await import('../../src/control/discovery.js');
  for (const place of [list.lines.find(({ text }) => text.startsWith('/'))?.text, list.directory]) {
    if (place === undefined) continue;
    const record = await findProject(place, currentDirectory(terminal)).catch((error: unknown) => {
      if (error instanceof ProxyfsError && error.code === 'project/not-found') return undefined;
      throw error;
    });
    if (record !== undefined) return record.project;
  }
  return undefined;
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

function missed(found: FoundList | undefined): { error?: ProxyfsError } {
  const missing = found?.missing.length ?? 0;
  if (missing === 0) return {};
  const message = `${counted(missing, 'line')} of the list named nothing in the project; the others were taken`;
  return { error: new ProxyfsError('generate/partly-done', message, { details: { missing } }) };
}

function nothingNamed(): ProxyfsError {
  const message =
    "say what: a file, a folder or a quoted pattern ('proxyfs prewarm .' takes all below here), or --from a list";
  return new ProxyfsError('request/invalid', message);
}

function nothingFound({ from }: Arguments, { missing }: FoundList): ProxyfsError {
  const [first] = missing;
  const message = `nothing that '${from}' names is in the project (line ${first?.line}: '${first?.text}'): its paths count from its own folder or from the root of the mount`;
  return new ProxyfsError('path/missing', message, { details: { missing } });
}

const listOf = (words: string | string[] | undefined): string[] => (words === undefined ? [] : [words].flat());
