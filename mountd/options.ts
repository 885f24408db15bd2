/** The command line of `proxyfsd`, as options. */

import { resolve } from 'node:path';
import yargs from 'yargs';
import { ProxyfsError } from '../src/base/error.js';
import { describeFlags, settingFlags } from '../src/config/setting-flags.js';
import { type DaemonOptions, daemonOptionsSchema, MOUNT_FLAGS } from '../src/control/daemon-options.js';
import { EDITORS } from '../src/profiles/editors.js';
import { version } from './version.js';

export interface Arguments {
  readonly options: DaemonOptions;
  readonly foreground: boolean;
  /** A daemon before this one died: what it was flipped to since its start counts, not how it was started. */
  readonly resume: boolean;
  /** The parent process brings this one back when it dies. */
  readonly guarded: boolean;
}

/** Rejects with `request/invalid`. Relative paths count from `cwd`. */
export async function parseArguments(argv: readonly string[], cwd: string): Promise<Arguments> {
  const parsed: Record<string, unknown> = await parser(argv).parse();
  const given = Object.fromEntries(Object.entries(MOUNT_FLAGS).map(([name, flag]) => [name, parsed[flag]]));
  const options = daemonOptionsSchema.safeParse({ ...withAbsolutePaths(given, cwd), ...settingFlags(parsed, cwd) });
  if (!options.success) {
    const issue = options.error.issues[0];
    const flag = MOUNT_FLAGS[issue?.path[0] as keyof typeof MOUNT_FLAGS] ?? '';
    throw new ProxyfsError('request/invalid', `--${flag}: ${issue?.message ?? 'is wrong'}; see proxyfsd --help`);
  }
  if (options.data.pin && options.data.mode === undefined) {
    throw new ProxyfsError('request/invalid', '--pin needs the mode to pin: add --mode proxy or --mode master');
  }
  if (options.data.profile !== undefined && options.data.nle !== undefined) {
    throw new ProxyfsError('request/invalid', '--nle chooses the profile: leave out --nle or --profile');
  }
  const { mode, profile, nle, ...rest } = options.data;
  // `auto` is no choice that could have been overtaken.
  const others = nle === 'auto' ? { ...rest, nle } : rest;
  const resume = parsed['resume'] === true;
  return {
    options: resume && !others.pin ? others : options.data,
    foreground: parsed['foreground'] === true,
    resume,
    guarded: parsed['guarded'] === true,
  };
}

const PATHS: ReadonlySet<string> = new Set(['source', 'mountPoint', 'stateDir']);

function withAbsolutePaths(given: Readonly<Record<string, unknown>>, cwd: string): Record<string, unknown> {
  const entries = Object.entries(given).map(([name, value]) => [
    name,
    PATHS.has(name) && typeof value === 'string' ? resolve(cwd, value) : value,
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function parser(argv: readonly string[]) {
  return yargs([...argv])
    .scriptName('proxyfsd')
    .usage('$0 --source DIR --mount-point DIR [options]\n\nServes one project; usually started by proxyfs mount.')
    .option('source', { type: 'string', demandOption: true, describe: 'The folder with the masters' })
    .option('mount-point', { type: 'string', demandOption: true, describe: 'An empty folder' })
    .option('mode', { choices: ['proxy', 'master'], describe: 'What to serve; default: as it was left' })
    .option('pin', { type: 'boolean', describe: 'Nothing can flip this mount (needs --mode)' })
    .option('nle', { choices: [...EDITORS, 'auto'], describe: 'The editor that the proxies are for' })
    .option('state', { type: 'string', describe: 'Folder of catalog and log' })
    .options(describeFlags())
    .option('direct-mount', { type: 'boolean', describe: 'Mount directly as root; --no-direct-mount: by fusermount3' })
    .option('foreground', { type: 'boolean', describe: 'Log to this terminal; Ctrl-C unmounts' })
    .option('guarded', { type: 'boolean', describe: 'The parent process starts this one again when it dies' })
    .option('resume', { type: 'boolean', describe: 'Take over from a daemon that died: keep the mode it had' })
    .strict()
    .version(version)
    .exitProcess(true)
    .fail((message, error) => {
      throw error ?? new ProxyfsError('request/invalid', `${message}; see proxyfsd --help`);
    });
}
