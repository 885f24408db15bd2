/** The manual of the settings, made from their table: `docs/settings.md`. Pure. */

import { writeSize } from '../base/byte-size.js';
import { keyOf, type Setting } from './setting.js';
import { SETTING_NAMES, settingOf } from './settings.js';

export function settingsManual(): string {
  const rows = SETTING_NAMES.map(settingOf).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return `${HEAD}\n${rows.map(rowOf).join('\n')}\n${TAIL}`;
}

/** A default as people write it. */
export function describeDefault({ fallback, fallbackText, ...setting }: Setting<unknown>): string {
  if (fallbackText !== undefined) return fallbackText;
  if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) return 'none';
  return `\`${writeValue(setting, fallback)}\``;
}

/** A value as a file would say it, without quotes. */
export function writeValue({ type }: Pick<Setting<unknown>, 'type'>, value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.join('\n');
  return type.startsWith('bytes') && typeof value === 'number' ? writeSize(value) : String(value);
}

function rowOf(setting: Setting<unknown>): string {
  const key = `\`${keyOf(setting)}\`${setting.needsTrust ? ' *' : ''}`;
  return `| ${key} | ${setting.type.replaceAll('|', '\\|')} | ${describeDefault(setting)} | ${setting.sentence} |`;
}

const HEAD = `# Settings

<!-- Made by \`node scripts/settings-manual.mjs\` from src/config/settings.ts: change it there. -->

A project needs no settings. Each of those below can be said in five places; the first that
says something wins:

1. a flag of \`proxyfs mount\`: \`--stall-seconds 120\` (in /etc/fstab: \`stall_seconds=120\`)
2. a variable of the environment in which it is mounted: \`PROXYFS_STALL_SECONDS=120\`
3. the section of the project in the user's file
4. the project's file, \`.proxyfs/proxyfs.toml\` in its source: it travels with the footage, and
   the mount does not show it
5. the user's file, \`~/.config/proxyfs/proxyfs.toml\` (\`$XDG_CONFIG_HOME\`; the packaged service
   reads \`/etc/proxyfs/proxyfs.toml\`)

\`\`\`toml
# ~/.config/proxyfs/proxyfs.toml: what holds for every project of this user on this machine
workers = 2
disk-reserve = "50G"

[project."/raid/show"]          # and for one of them
workers = 8
pool = "/ssd/proxies"
hooks = ["systemctl reload smbd"]
\`\`\`

Sizes are bytes, also as \`500M\`, \`20G\` or \`1.5T\`: powers of 1000, as disks are sold and as every
command shows them; \`20Gi\` counts in powers of 1024.

A key that does not exist, or a value that cannot be, is refused with the file and its line,
and nothing is mounted; so is a variable whose name is nearly that of a setting. Paths are absolute or begin with \`~/\`; in the project's file they may
count from the source. Settings marked * run programs or choose a place to write to: they are
taken from the project's file only when nobody but its owner, who is root or the user who
mounts, can write it.

Settings are read when a project is mounted. A daemon that is brought back after a crash runs
with what it ran with before.

| command | what it says |
|---|---|
| \`proxyfs config\` | every value, and which place said it: of the running daemon, or what a mount would get |
| \`proxyfs config workers\` | one of them |
| \`proxyfs config --check FILE\` | whether a file would be taken |

| setting | value | default | what it is for |
|---|---|---|---|`;

const TAIL = `
The command \`proxyfs\` looks at two variables more:

| variable | value | default | what it is for |
|---|---|---|---|
| \`PROXYFS_DEBUG\` | anything | none | Errors are printed with their stack traces. |
| \`NO_COLOR\` | anything | none | No colours, also on a terminal. |

Places follow \`XDG_STATE_HOME\` (catalog, log, pool), \`XDG_CONFIG_HOME\` (the user's file) and
\`XDG_RUNTIME_DIR\` (sockets).
`;
