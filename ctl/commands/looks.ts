/** `proxyfs looks`: the lookup tables that sets of proxies can be made with. */

import { resolve } from 'node:path';
import { ProxyfsError } from '../../src/base/error.js';
import type { Result } from '../../src/control/schema.js';
import { LOOK_OUTPUTS, type LookOutput } from '../../src/looks/look.js';
import { defineCommand } from '../command.js';
import { escapeText } from '../output/escape.js';
import { currentDirectory, withSession } from '../session.js';
import type { Style } from '../terminal.js';

interface Arguments {
  readonly path: string | undefined;
  readonly add: string | undefined;
  readonly name: string | undefined;
  readonly output: LookOutput;
}

type Row = Result<'looks.add'>['look'];

export const looks = defineCommand<Arguments>({
  usage: 'looks [path]',
  summary: 'List the looks of a project (.cube tables), or add one; a set applies one when asked: edit+NAME',
  examples: [
    ['$0 looks', 'what the project here has'],
    ['$0 looks --add kodak.cube', 'check a table and keep a copy of it'],
    ['$0 looks --add night.cube --name night --output hlg', 'one whose result is HLG'],
    ['$0 mode proxy --profile edit+kodak', 'serve proxies with the look; edit serves them without'],
  ],
  options: (yargs) =>
    yargs
      .positional('path', { type: 'string', describe: 'A path of the project; default: the folder you are in' })
      .option('add', { type: 'string', requiresArg: true, describe: 'A .cube file, 1D or 3D' })
      .option('name', {
        type: 'string',
        requiresArg: true,
        describe: 'How it is called; default: the name of the file',
      })
      .option('output', {
        choices: LOOK_OUTPUTS,
        default: 'bt709' as const,
        describe: 'What the colours of its result are',
      }),
  run: async (args, terminal) => {
    const { add, name, output } = args;
    if (add === undefined && name !== undefined) {
      throw new ProxyfsError('request/invalid', '--name goes with --add: name the .cube file as well');
    }
    return await withSession(args, [args.path ?? '.'], terminal, async ({ client }) => {
      if (add === undefined) {
        const result = await client.call('looks.list', {});
        return { result, text: () => listed(result.looks, terminal.style) };
      }
      const file = resolve(currentDirectory(terminal), add);
      const result = await client.call('looks.add', { file, output, ...(name === undefined ? {} : { name }) });
      return { result, text: () => added(result.look, terminal.style) };
    });
  },
});

function listed(rows: readonly Row[], style: Style): string {
  if (rows.length === 0) return "No looks: 'proxyfs looks --add FILE.cube' adds one.";
  return rows.map((row) => describe(row, style)).join('\n');
}

function added(row: Row, style: Style): string {
  return `Added ${describe(row, style)}\nMake and serve proxies with it: proxyfs mode proxy --profile edit+${row.name}`;
}

function describe({ name, kind, size, title, output }: Row, style: Style): string {
  const table = kind === '3d' ? `3D, ${size}x${size}x${size}` : `1D, ${size} entries`;
  return `${style.bold(name)}  ${table}, makes ${output}${title === null ? '' : `  ${style.dim(escapeText(title))}`}`;
}
