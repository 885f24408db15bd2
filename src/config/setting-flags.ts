/** Settings as flags: how each is spelled and parsed, for every command line that takes them. */

import { resolve } from 'node:path';
import { checkValue } from './read-settings.js';
import { keyOf } from './setting.js';
import { SETTING_NAMES, type SettingFlags, settingOf } from './settings.js';

/** As yargs describes an option. */
export interface FlagDescription {
  readonly type: 'boolean' | 'string';
  readonly choices?: readonly string[];
  readonly requiresArg?: boolean;
  readonly describe: string;
  readonly group: string;
}

const GROUP = 'Settings (also in proxyfs.toml and the environment):';

/** By flag, without the dashes. */
export function describeFlags(): Record<string, FlagDescription> {
  const entries = SETTING_NAMES.map((name): [string, FlagDescription] => {
    const { isSwitch, values, sentence, type } = settingOf(name);
    const text = { describe: sentence.replace(/\.$/, ''), group: GROUP };
    if (isSwitch) return [flagOf(name), { ...text, type: 'boolean' }];
    if (values !== undefined) return [flagOf(name), { ...text, type: 'string', choices: values, requiresArg: true }];
    return [flagOf(name), { ...text, type: 'string', requiresArg: true, describe: `${text.describe} [${type}]` }];
  });
  return Object.fromEntries(entries);
}

/** Given by flag. Relative paths count from `cwd`. Throws `config/invalid`. */
export function settingFlags(
  given: Readonly<Record<string, unknown>>,
  cwd: string,
  spell = (flag: string) => `--${flag}`,
): SettingFlags {
  const entries = SETTING_NAMES.flatMap((name) => {
    const text = given[flagOf(name)];
    if (text === undefined) return [];
    const value = checkValue(settingOf(name), text, spell(flagOf(name)));
    return [[name, settingOf(name).isPath && typeof value === 'string' ? resolve(cwd, value) : value]];
  });
  return Object.fromEntries(entries) as SettingFlags;
}

/** The arguments that mean these values. */
export function flagArguments(flags: SettingFlags): readonly string[] {
  return SETTING_NAMES.flatMap((name) => {
    const value = flags[name];
    if (value === undefined) return [];
    if (settingOf(name).isSwitch) return [value === true ? `--${flagOf(name)}` : `--no-${flagOf(name)}`];
    // With '=': a value may begin with a dash.
    return [`--${flagOf(name)}=${Array.isArray(value) ? value.join('\n') : String(value)}`];
  });
}

function flagOf(name: (typeof SETTING_NAMES)[number]): string {
  return keyOf(settingOf(name));
}
