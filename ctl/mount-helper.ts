/**
 * `mount.proxyfs`, as mount(8) calls it for a line of /etc/fstab:
 *
 *     mount.proxyfs SOURCE MOUNTPOINT [-sfnv] [-t TYPE] [-o OPTION,...]
 *
 * Promises: returns when the mount point answers; a mount that is already as asked for
 * is a success, so that `mount -a` may be repeated; exit codes are those of mount(8).
 */

import { resolve } from 'node:path';
import { ProxyfsError, toProxyfsError } from '../src/base/error.js';
import { keyOf } from '../src/config/setting.js';
import { settingFlags } from '../src/config/setting-flags.js';
import { SETTING_NAMES, settingOf } from '../src/config/settings.js';
import { type DaemonOptionsInput, daemonOptionsSchema } from '../src/control/daemon-options.js';
import { escapeText } from './output/escape.js';
import type { Terminal } from './terminal.js';

const MOUNT_EXIT = { success: 0, usage: 1, failed: 32 } as const;

/** Options of the mount with a value, as fstab(5) spells them; settings are spelled `log_level=`. */
const VALUED: Readonly<Record<string, keyof DaemonOptionsInput>> = { mode: 'mode', nle: 'nle', state: 'stateDir' };
const optionNames = (isSwitch: boolean) =>
  SETTING_NAMES.map(settingOf)
    .filter((setting) => (setting.isSwitch ?? false) === isSwitch)
    .map((setting) => keyOf(setting).replaceAll('-', '_'));
const WITH_VALUE = new Set(optionNames(false));
/** `allow_other`, `nopassthrough`. */
const SWITCHES = new Set(optionNames(true));

/** For mount(8), its services and its readers, or what every mount of proxyfs is anyway. */
const OTHERS = new Set(
  'rw auto noauto nofail _netdev defaults default_permissions nosuid nodev exec async suid dev relatime'.split(' '),
);

interface Request {
  readonly options: DaemonOptionsInput;
  /** Only tell whether it could be asked for. */
  readonly fake: boolean;
}

export async function runMountHelper(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = MOUNT_EXIT.usage;
  try {
    const { fake, options } = parseMountArguments(argv, terminal.cwd());
    exitCode = MOUNT_EXIT.failed;
    if (!fake) await mountUnlessMounted(options);
    return MOUNT_EXIT.success;
  } catch (thrown) {
    terminal.stderr.write(`mount.proxyfs: ${escapeText(toProxyfsError(thrown).message)}\n`);
    return exitCode;
  }
}

export function parseMountArguments(argv: readonly string[], cwd: string): Request {
  const places: string[] = [];
  const texts: string[] = [];
  let flags = '';
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '-o' || word === '-t') {
      at += 1;
      if (word === '-o') texts.push(argv[at] ?? '');
    } else if (/^-[sfnv]+$/.test(word)) flags += word;
    else if (word.startsWith('-')) throw refused(`it does not know ${word}`);
    else places.push(word);
  }
  const [source, mountPoint] = places;
  if (source === undefined || mountPoint === undefined || places.length > 2) {
    throw refused('it takes a source and a mount point');
  }
  const { mount, settings } = optionsOf(texts.join(',').split(','), flags.includes('s'));
  const absolute = Object.fromEntries(
    Object.entries({ ...mount, source, mountPoint }).map(([name, value]) => [
      name,
      PATHS.has(name) ? resolve(cwd, String(value)) : value,
    ]),
  );
  const parsed = daemonOptionsSchema.safeParse({ ...absolute, ...settingFlags(settings, cwd, spellOption) });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refused(`the option for '${issue?.path.join('.')}' is wrong: ${issue?.message}`);
  }
  if (parsed.data.pin && parsed.data.mode === undefined) throw refused('pin needs the mode to pin: add mode=master');
  return { options: parsed.data, fake: flags.includes('f') };
}

const PATHS: ReadonlySet<string> = new Set(['source', 'mountPoint', 'stateDir']);

interface Given {
  readonly mount: Record<string, unknown>;
  /** By flag. */
  readonly settings: Record<string, unknown>;
}

function optionsOf(words: readonly string[], sloppy: boolean): Given {
  const given: Given = { mount: {}, settings: {} };
  for (const word of words) {
    if (word === '' || OTHERS.has(word) || /^(x-|X-|comment=)/.test(word)) continue;
    if (!takeOption(word, given) && !sloppy) throw refused(`there is no option '${word}'`);
  }
  return given;
}

function takeOption(word: string, { mount, settings }: Given): boolean {
  const [name = '', ...rest] = word.split('=');
  const text = rest.join('=');
  const target = VALUED[name];
  if (word === 'pin') mount['pin'] = true;
  else if (target !== undefined && text !== '') mount[target] = text;
  else if (SWITCHES.has(word)) settings[flagOf(word)] = true;
  else if (SWITCHES.has(word.replace(/^no/, ''))) settings[flagOf(word.replace(/^no/, ''))] = false;
  else if (WITH_VALUE.has(name) && text !== '') settings[flagOf(name)] = text;
  else return false;
  return true;
}

async function mountUnlessMounted(options: DaemonOptionsInput): Promise<void> {
  const { launchDaemon } = await import('../src/control/launch.js');
  try {
    await launchDaemon(options);
  } catch (error) {
    const isThere = error instanceof ProxyfsError && error.code === 'project/already-mounted';
    if (!isThere || error.details['mountPoint'] !== options.mountPoint) throw error;
  }
}

function refused(reason: string): ProxyfsError {
  const valued = [...Object.keys(VALUED), ...WITH_VALUE].map((name) => `${name}=`);
  const options = [...valued, 'pin', ...SWITCHES].join(', ');
  return new ProxyfsError('request/invalid', `${reason}; the options are ${options}`);
}

const flagOf = (option: string) => option.replaceAll('_', '-');
const spellOption = (flag: string) => `the option '${flag.replaceAll('-', '_')}'`;
