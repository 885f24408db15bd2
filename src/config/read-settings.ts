/**
 * Typed settings from all the places that may say something, and which place said it.
 *
 * The strongest first: a flag, the environment, the section of the project in the user's
 * file, the project's own file, the user's file, the default.
 */

import { isAbsolute } from 'node:path';
import { ProxyfsError } from '../base/error.js';
import { nearestName } from '../base/nearest.js';
import { keyOf, type Setting } from './setting.js';
import { SETTING_NAMES, type SettingFlags, type SettingName, type Settings, settingOf } from './settings.js';

const PREFIX = 'PROXYFS_';

export type Environment = Readonly<Record<string, string | undefined>>;

export const ORIGINS = ['flag', 'environment', 'user-section', 'project-file', 'user-file', 'default'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface Traced {
  readonly value: unknown;
  readonly origin: Origin;
  /** `--workers`, `PROXYFS_WORKERS`, `/raid/show/.proxyfs/proxyfs.toml:3`; empty for a default. */
  readonly where: string;
}

export type TracedSettings = Readonly<Record<SettingName, Traced>>;

/** What one place says; values are checked already. */
export interface Layer {
  readonly origin: Origin;
  readonly values: ReadonlyMap<SettingName, { readonly value: unknown; readonly where: string }>;
}

/** Throws `config/invalid` that names the setting, where it came from and what it may be. */
export function readSettings(
  flags: SettingFlags,
  env: Environment = process.env,
  files: readonly Layer[] = [],
): Settings {
  return settingsOf(traceSettings(flags, env, files));
}

export function settingsOf(traced: TracedSettings): Settings {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, traced[name].value])) as unknown as Settings;
}

export function traceSettings(flags: SettingFlags, env: Environment, files: readonly Layer[]): TracedSettings {
  const layers = [flagLayer(flags), environmentLayer(env), ...files].sort(
    (a, b) => ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin),
  );
  const entries = SETTING_NAMES.map((name): [SettingName, Traced] => {
    for (const { origin, values } of layers) {
      const found = values.get(name);
      if (found !== undefined) return [name, { ...found, origin }];
    }
    return [name, { value: settingOf(name).fallback, origin: 'default', where: '' }];
  });
  return Object.fromEntries(entries) as Record<SettingName, Traced>;
}

/** The value of one setting. Throws `config/invalid`; `where` names the place for people. */
export function checkValue(setting: Setting<unknown>, given: unknown, where: string): unknown {
  const parsed = setting.schema.safeParse(given);
  if (parsed.success && parsed.data !== undefined) return parsed.data;
  throw new ProxyfsError('config/invalid', `${where} cannot be ${showGiven(given)}: give ${articled(setting.type)}`, {
    details: { key: keyOf(setting), env: setting.env },
  });
}

function flagLayer(flags: SettingFlags): Layer {
  const values = new Map<SettingName, { value: unknown; where: string }>();
  for (const name of SETTING_NAMES) {
    const given = flags[name];
    if (given === undefined) continue;
    const where = `--${keyOf(settingOf(name))}`;
    values.set(name, { value: checkValue(settingOf(name), given, where), where });
  }
  return { origin: 'flag', values };
}

/** Variables of ours that are no settings: what hooks are told, and how the command prints errors. */
const NO_SETTINGS: ReadonlySet<string> = new Set(
  ['CHANGED', 'DEBUG', 'MODE', 'MOUNT', 'PYTHON', 'SOURCE'].map((name) => `${PREFIX}${name}`),
);

/** Shorter words are near to each other by chance: container platforms set `PORT` after the name of a service. */
const LEAST_MISTYPED = 5;

/** Somebody else may call a variable like ours: only what is nearly a setting is a mistake. */
function refuseMistyped(env: Environment): void {
  const names = SETTING_NAMES.map((name): string => settingOf(name).env);
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || NO_SETTINGS.has(name) || names.includes(name) || !text) continue;
    const word = name.slice(PREFIX.length);
    const words = names.map((each) => each.slice(PREFIX.length));
    const near = word.length < LEAST_MISTYPED ? undefined : nearestName(word, words);
    if (near === undefined) continue;
    throw new ProxyfsError(
      'config/invalid',
      `the environment variable ${name} is no setting, did you mean ${PREFIX}${near}; 'proxyfs config' lists them all`,
    );
  }
}

function environmentLayer(env: Environment): Layer {
  refuseMistyped(env);
  const values = new Map<SettingName, { value: unknown; where: string }>();
  for (const name of SETTING_NAMES) {
    const setting = settingOf(name);
    const text = env[setting.env];
    // A variable that is set to nothing is how shells switch one off.
    if (text === undefined || text === '') continue;
    const where = `the environment variable ${setting.env}`;
    const value = checkValue(setting, text, where);
    if (setting.isPath && !isAbsolute(String(value))) {
      throw new ProxyfsError('config/invalid', `${where} is the relative path '${text}': give an absolute one`);
    }
    values.set(name, { value, where: setting.env });
  }
  return { origin: 'environment', values };
}

function showGiven(given: unknown): string {
  return `'${typeof given === 'string' ? given : (JSON.stringify(given) ?? String(given))}'`;
}

/** `a whole number from 0 to 64`; what is a list or a choice stands as it is. */
function articled(type: string): string {
  return /^(whole number|number|path)\b/.test(type) ? `a ${type}` : type;
}
