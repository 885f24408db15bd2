/** `proxyfs share`: prints the configuration that shares a mount to Windows, macOS or other machines. */

import { defineCommand } from '../command.js';
import { SHARE_KINDS, type ShareKind, shareConfiguration } from '../output/share.js';
import { withSession } from '../session.js';

interface Arguments {
  readonly kind: ShareKind | undefined;
  readonly name: string | undefined;
}

export const share = defineCommand<Arguments>({
  usage: 'share <kind>',
  summary: 'Print a configuration that shares the mount by Samba or NFS',
  examples: [
    ['$0 share samba --project /mnt/show >> /etc/samba/smb.conf', 'for Windows and macOS'],
    ['$0 share nfs --project /mnt/show', 'a line for /etc/exports'],
  ],
  options: (yargs) =>
    yargs
      .positional('kind', { choices: SHARE_KINDS, describe: 'samba, nfs (of the kernel) or ganesha' })
      .option('name', { type: 'string', requiresArg: true, describe: 'What clients call it' }),
  run: async (args, terminal) => {
    const kind = args.kind ?? 'samba';
    const configuration = await withSession(args, [], terminal, async ({ record }) =>
      shareConfiguration(kind, { ...record, name: args.name }),
    );
    return { result: { kind, configuration }, text: () => configuration.trimEnd() };
  },
});
