/** `proxyfs mount`: starts the daemon of a project and returns when the mount point answers. */

import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { ProxyfsError } from '../../src/base/error.js';
import { describeFlags, settingFlags } from '../../src/config/setting-flags.js';
import type { DaemonOptionsInput } from '../../src/control/daemon-options.js';
import type { Result } from '../../src/control/schema.js';
import { defineCommand, type Outcome } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { currentDirectory } from '../session.js';
import type { Terminal } from '../terminal.js';

interface Arguments {
  readonly source: string | undefined;
  readonly mountpoint: string | undefined;
  readonly mode: 'proxy' | 'master' | undefined;
  readonly pin: boolean;
  readonly foreground: boolean;
  readonly nle: Nle | undefined;
  readonly state: string | undefined;
}

const MODES = ['proxy', 'master'] as const;
const NLES = ['premiere', 'resolve', 'avid', 'fcp', 'kdenlive', 'auto'] as const;
type Nle = (typeof NLES)[number];

export const mount = defineCommand<Arguments>({
  usage: 'mount <source> <mountpoint>',
  summary: 'Mount a project: SOURCE appears at MOUNTPOINT, with proxies or masters under the same paths',
  examples: [
    ['$0 mount /raid/show /mnt/show', 'in the mode it was left in'],
    ['$0 mount /raid/show /mnt/render --mode master --pin', 'a render node that nobody can flip'],
    ['$0 mount /raid/show /mnt/show --nle resolve', 'make proxies that suit DaVinci Resolve'],
    ['$0 mount /raid/show /mnt/show --pool /ssd/proxies', 'keep the proxies on another disk'],
  ],
  options: (yargs) =>
    withSettings(yargs)
      .positional('source', { type: 'string', describe: 'The folder with the masters' })
      .positional('mountpoint', { type: 'string', describe: 'An empty folder' })
      .option('mode', { choices: MODES, describe: 'What to serve; default: as it was left, proxy at first' })
      .option('pin', { type: 'boolean', default: false, describe: 'Nothing can flip this mount (needs --mode)' })
      .option('foreground', { type: 'boolean', default: false, describe: 'Stay in this terminal until Ctrl-C' })
      .option('nle', { choices: NLES, describe: 'The editor that they are for; auto: whoever opens a clip first' })
      .option('state', { type: 'string', requiresArg: true, describe: 'Folder of catalog and log' }),
  run: async (args, terminal) => {
    const options = daemonOptions(args, currentDirectory(terminal));
    if (args.foreground) return await inForeground(options, args.json);
    const [{ launchDaemon }, { connect }] = await Promise.all([
      import('../../src/control/launch.js'),
      import('../../src/control/client.js'),
    ]);
    const client = await connect(await launchDaemon(options));
    try {
      return report(await client.call('daemon.info', {}), await client.call('mode.get', {}), terminal);
    } finally {
      client.close();
    }
  },
});

/** Their types do not matter here: the settings' own parser takes them. */
function withSettings<T>(yargs: Argv<T>): Argv<T> {
  yargs.options(describeFlags());
  return yargs;
}

function daemonOptions(args: Arguments & Readonly<Record<string, unknown>>, cwd: string): DaemonOptionsInput {
  if (args.pin && args.mode === undefined) {
    throw new ProxyfsError('request/invalid', '--pin needs the mode to pin: add --mode proxy or --mode master');
  }
  const settings = settingFlags(args, cwd);
  if (args.nle !== undefined && settings.profile !== undefined) {
    throw new ProxyfsError('request/invalid', '--nle chooses the profile: leave out --nle or --profile');
  }
  const { mode, nle, state, pin } = args;
  return {
    source: resolve(cwd, args.source ?? ''),
    mountPoint: resolve(cwd, args.mountpoint ?? ''),
    ...(mode === undefined ? {} : { mode }),
    ...(nle === undefined ? {} : { nle }),
    ...(state === undefined ? {} : { stateDir: resolve(cwd, state) }),
    pin,
    ...settings,
  };
}

async function inForeground(options: DaemonOptionsInput, json: boolean): Promise<Outcome> {
  if (json)
    throw new ProxyfsError('request/invalid', '--json goes with a mount in the background: leave one of them out');
  const { runDaemon } = await import('../../src/control/launch.js');
  const exitCode = await runDaemon(options);
  return { result: { exitCode }, text: () => '', exitCode };
}

function report(info: Result<'daemon.info'>, mode: Result<'mode.get'>, { style }: Terminal): Outcome {
  const reads = info.passthrough
    ? 'the kernel reads the files itself (passthrough)'
    : 'no kernel passthrough: reads go through the daemon';
  return {
    result: { ...info, mode: mode.state },
    text: () =>
      [
        `${style.bold(escapeName(info.mountPoint))} serves ${escapeName(info.source)} in ${mode.state.pinned ?? mode.state.base} mode`,
        `${info.driver} driver, FUSE ${info.protocol}; ${reads}`,
        ...info.limits.map((limit) => `Note: ${escapeText(limit)}`),
        ...(info.passthrough ? [] : [style.dim("'proxyfs doctor' says what this machine lacks")]),
      ].join('\n'),
  };
}
