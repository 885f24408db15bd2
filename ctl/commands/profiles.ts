/** `proxyfs profiles`: what proxies can be made, and who should choose which. Needs no daemon. */

import type { ProfileRow } from '../../src/profiles/describe.js';
import { defineCommand } from '../command.js';
import type { Style } from '../terminal.js';

export const profiles = defineCommand<object>({
  usage: 'profiles',
  summary: 'List the profiles: what proxies can be made, and who should choose which',
  examples: [
    ['$0 profiles', 'sets for mounts, then formats for jobs'],
    ['$0 profiles --json', 'for scripts'],
  ],
  options: (yargs) => yargs,
  run: async (_args, { style }) => {
    const [{ listProfiles, DEFAULT_PROFILE }, { describeProfile }, { formatTable }] = await Promise.all([
      import('../../src/profiles/profiles.js'),
      import('../../src/profiles/describe.js'),
      import('../output/table.js'),
    ]);
    const rows = listProfiles().map(describeProfile);
    const table = (kind: ProfileRow['kind']) => {
      const columns = ['name', 'video', 'container', 'size', 'audio', 'engine'].map((heading) => ({ heading }));
      return formatTable(columns, rows.filter((row) => row.kind === kind).flatMap(cellsOf));
    };
    return {
      result: { default: DEFAULT_PROFILE, profiles: rows },
      text: () =>
        [
          `${style.bold('Sets')}: for mounts; the container follows the master. '${DEFAULT_PROFILE}' is the default.`,
          "A size may follow the name: 'edit@half', 'edit@quarter', 'edit_dnx@540' (lines).",
          ...['', table('set'), '', `${style.bold('Formats')}: for jobs; every master becomes this file.`, ''],
          ...[table('format'), '', ...adviceLines(rows, style)],
        ].join('\n'),
    };
  },
});

function cellsOf({ name, size, engine, makes }: ProfileRow): string[][] {
  // .mp4 and .m4v are one line.
  const lines = new Map(makes.map((file) => [file.container, file]));
  return [...lines.values()].map(({ container, video, otherwise, audio }, index) => {
    const codec = otherwise === null ? video : `${video} or ${otherwise}`;
    return [index === 0 ? name : '', codec, container, size, audio, engine];
  });
}

function adviceLines(rows: readonly ProfileRow[], style: Style): string[] {
  return rows.map(({ name, advice }) => `${style.bold(name)}: ${advice}`);
}
