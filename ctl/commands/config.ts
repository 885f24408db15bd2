/** `proxyfs config`: every setting with its value and where it comes from. */

import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errnoOf, ProxyfsError } from '../../src/base/error.js';
import { nearestName } from '../../src/base/nearest.js';
import type { RealPath } from '../../src/base/paths.js';
import { type DescribedSetting, describeSettings } from '../../src/config/describe-settings.js';
import { traceSettings } from '../../src/config/read-settings.js';
import { parseSettingsFile } from '../../src/config/settings-file.js';
import {
  loadProjectFile,
  loadSettingsFiles,
  projectSettingsFile,
  userSettingsFile,
} from '../../src/config/settings-files.js';
import { type CommonArguments, defineCommand, type Outcome } from '../command.js';
import { escapeText } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { currentDirectory, withSession } from '../session.js';
import type { Terminal } from '../terminal.js';

interface Arguments {
  readonly key: string | undefined;
  readonly check: string | undefined;
}

interface Shown {
  readonly settings: readonly DescribedSetting[];
  /** The mount that runs with them; null when none does, and a mount would get them. */
  readonly mountPoint: string | null;
  readonly source: string;
}

export const config = defineCommand<Arguments>({
  usage: 'config [key]',
  summary: 'Show every setting, its value, and which flag, variable or file said it',
  examples: [
    ['$0 config', 'of the project you are in'],
    ['$0 config workers', 'one of them'],
    ['$0 config --project /raid/show', 'of a source that is not mounted: what a mount would get'],
    ['$0 config --check proxyfs.toml', 'whether a file would be taken'],
  ],
  options: (yargs) =>
    yargs
      .positional('key', { type: 'string', describe: 'A setting; default: all' })
      .option('check', { type: 'string', requiresArg: true, describe: 'Only check this file' }),
  run: async (args, terminal) => {
    const cwd = currentDirectory(terminal);
    if (args.check !== undefined) return await check(resolve(cwd, args.check));
    const shown = await runningSettings(args, terminal).catch((error: unknown) => {
      if (!(error instanceof ProxyfsError) || error.code !== 'project/not-found') throw error;
      return settingsOfNextMount(args.project, cwd, terminal);
    });
    return await report(
      args.key === undefined ? shown : { ...shown, settings: [pick(shown.settings, args.key)] },
      args.key,
      terminal,
    );
  },
});

async function runningSettings(args: CommonArguments, terminal: Terminal): Promise<Shown> {
  return await withSession(args, [], terminal, async ({ client, record }) => {
    const { settings } = await client.call('config.get', {});
    return { settings, mountPoint: record.mountPoint, source: record.source };
  });
}

async function settingsOfNextMount(project: string | undefined, cwd: string, { env }: Terminal): Promise<Shown> {
  const source = project === undefined ? await sourceAround(cwd) : await realSource(resolve(cwd, project));
  const traced = traceSettings({}, env, await loadSettingsFiles(source, env));
  return { settings: describeSettings(traced), mountPoint: null, source };
}

/** The nearest folder upwards that has settings of its own, else this one. */
async function sourceAround(cwd: string): Promise<RealPath> {
  const here = await realSource(cwd);
  for (let at: string = here; ; at = dirname(at)) {
    const isThere = await stat(projectSettingsFile(at as RealPath)).catch(() => undefined);
    if (isThere !== undefined) return at as RealPath;
    if (at === dirname(at)) return here;
  }
}

async function realSource(path: string): Promise<RealPath> {
  try {
    return (await realpath(path)) as RealPath;
  } catch (cause) {
    const message = `no project is mounted from or at '${path}', and there is no such folder (${errnoOf(cause) ?? 'unknown'})`;
    throw new ProxyfsError('project/not-found', `${message}: name a source or a mount point`, { cause });
  }
}

function pick(settings: readonly DescribedSetting[], key: string): DescribedSetting {
  const found = settings.find((setting) => setting.key === key);
  if (found !== undefined) return found;
  const near = nearestName(
    key,
    settings.map((setting) => setting.key),
  );
  const guess = near === undefined ? '' : `, did you mean '${near}'`;
  throw new ProxyfsError('request/invalid', `there is no setting '${key}'${guess}; 'proxyfs config' lists them all`);
}

async function report(shown: Shown, key: string | undefined, { env, style }: Terminal): Promise<Outcome> {
  const { formatTable } = await import('../output/table.js');
  const rows = shown.settings.map((setting) => [
    setting.origin === 'default' ? setting.key : style.bold(setting.key),
    valueText(setting, style.dim('none')),
    style.dim(escapeText(origin(setting))),
  ]);
  const head =
    shown.mountPoint === null
      ? `${shown.source} is not mounted. A mount would run with:`
      : `${shown.mountPoint} runs with:`;
  const source = shown.source as RealPath;
  const places = await Promise.all([projectSettingsFile(source), userSettingsFile(env)].map(placeText));
  const notes = [`files: ${places.join(', ')}`, ...(await obstacleToNext(source, env))];
  const table = formatTable([{}, {}, {}], rows);
  return {
    result: key === undefined ? shown : (shown.settings[0] ?? {}),
    text: () =>
      key === undefined
        ? [escapeText(head), table, ...notes.map((note) => style.dim(escapeText(note)))].join('\n')
        : table,
  };
}

async function placeText(path: string): Promise<string> {
  const isThere = await stat(path).catch(() => undefined);
  return isThere === undefined ? `${path} (not there)` : path;
}

/** What was written into a file since the mount began is read by the next one. */
async function obstacleToNext(source: RealPath, env: Terminal['env']): Promise<string[]> {
  try {
    await loadSettingsFiles(source, env);
    return [];
  } catch (error) {
    if (!(error instanceof ProxyfsError)) throw error;
    return [`the next mount would be refused: ${error.message}`];
  }
}

function valueText({ value, text }: DescribedSetting, none: string): string {
  if (value === null || text === '') return none;
  return Array.isArray(value) ? value.map((each) => escapeText(each)).join('; ') : escapeText(text);
}

function origin({ origin: from, where }: DescribedSetting): string {
  return from === 'default' ? 'default' : where;
}

async function check(path: string): Promise<Outcome> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ProxyfsError('path/missing', `${path} cannot be read (${errnoOf(cause) ?? String(cause)})`, { cause });
  });
  const source = dirname(dirname(path)) as RealPath;
  const isProject = path === projectSettingsFile(source);
  const file =
    (isProject ? await loadProjectFile(source) : undefined) ?? parseSettingsFile(path, text, { kind: 'user' });
  const count = [file.values, ...file.projects.values()].reduce((sum, { size }) => sum + size, 0);
  const result = { file: path, settings: count, projects: [...file.projects.keys()] };
  return { result, text: () => `${escapeText(path)} is in order: ${counted(count, 'setting')}` };
}
