/**
 * The two files that may hold settings of a project: its own, in the `.proxyfs` folder of its
 * source, which the mount does not show and which travels with the footage; and the user's,
 * `$XDG_CONFIG_HOME/proxyfs/proxyfs.toml`, for all projects or for one of them on this machine.
 */

import { readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { Environment, Layer } from './read-settings.js';
import { parseSettingsFile, type SettingsFile } from './settings-file.js';

const FILE_NAME = 'proxyfs.toml';

export function projectSettingsFile(source: RealPath): RealPath {
  return join(source, '.proxyfs', FILE_NAME) as RealPath;
}

export function userSettingsFile(env: Environment): RealPath {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'proxyfs', FILE_NAME) as RealPath;
}

/** What the files say about this project. Files that are not there say nothing. Rejects with `config/invalid`. */
export async function loadSettingsFiles(source: RealPath, env: Environment): Promise<readonly Layer[]> {
  const [user, project] = await Promise.all([loadUserFile(env), loadProjectFile(source)]);
  const section = user === undefined ? undefined : await sectionOf(user, source);
  return [
    ...(section === undefined ? [] : [{ origin: 'user-section', values: section } as const]),
    ...(project === undefined ? [] : [{ origin: 'project-file', values: project.values } as const]),
    ...(user === undefined ? [] : [{ origin: 'user-file', values: user.values } as const]),
  ];
}

async function loadUserFile(env: Environment): Promise<SettingsFile | undefined> {
  const path = userSettingsFile(env);
  const text = await readIfThere(path);
  return text === undefined ? undefined : parseSettingsFile(path, text, { kind: 'user' });
}

export async function loadProjectFile(source: RealPath): Promise<SettingsFile | undefined> {
  const path = projectSettingsFile(source);
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const distrust = (await distrustOf(dirname(path))) ?? (await distrustOf(path));
  return parseSettingsFile(path, text, { kind: 'project', base: source, distrust });
}

/** Sources are compared by what they really are: a section may name a symbolic link. */
async function sectionOf({ projects }: SettingsFile, source: RealPath): Promise<Layer['values'] | undefined> {
  const direct = projects.get(source);
  if (direct !== undefined) return direct;
  for (const [named, values] of projects) {
    if ((await realpath(named).catch(() => named)) === source) return values;
  }
  return undefined;
}

/** Who can write the file can say what runs with the rights of the daemon. */
async function distrustOf(path: string): Promise<string | undefined> {
  const { mode, uid } = await stat(path);
  if (uid !== 0 && uid !== process.geteuid?.()) return `${path} belongs to another user (uid ${uid})`;
  return (mode & 0o022) === 0 ? undefined : `others than its owner may write ${path}`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw new ProxyfsError('config/invalid', `the settings in ${path} cannot be read (${errno ?? String(cause)})`, {
      cause,
    });
  }
}
