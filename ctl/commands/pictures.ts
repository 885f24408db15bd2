/** `proxyfs pictures`: where the poster and the sheet of small pictures of each clip lie. */

import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { withSession } from '../session.js';
import type { Style } from '../terminal.js';

interface Arguments {
  readonly paths: string[] | undefined;
}

export const pictures = defineCommand<Arguments>({
  usage: 'pictures [paths..]',
  summary: 'Say where poster and sheet of small pictures of each clip lie',
  examples: [
    ['$0 pictures A001', 'of the clips below a folder: JPEG files, and a WebVTT index'],
    ['$0 pictures . --json | jq -r ".clips[].pictures.poster.file"', 'for an asset manager'],
  ],
  options: (yargs) =>
    yargs
      .positional('paths', { type: 'string', array: true, describe: 'Files or folders; default: here' })
      .epilogue('They are made with each proxy (setting: pictures) and go when it goes.'),
  run: async (args, terminal) => {
    const asked = args.paths ?? [];
    const result = await withSession(args, asked.length === 0 ? ['.'] : asked, terminal, ({ client, paths }) =>
      client.call('pictures', { paths: [...paths] }),
    );
    return { result, text: () => describe(result, terminal.style) };
  },
});

function describe({ clips, found }: Result<'pictures'>, style: Style): string {
  const lines = clips.flatMap(({ path, pictures: made }) => {
    if (made === null) return [style.bold(escapeName(path)), style.dim('  none: its proxy was made without')];
    const { poster, sprite } = made;
    const tiles = `${counted(sprite.count, 'picture')}, one each ${counted(sprite.everyFrames, 'frame')}`;
    return [
      style.bold(escapeName(path)),
      `  poster  ${escapeName(poster.file)}  ${style.dim(`${poster.width}x${poster.height}`)}`,
      `  sheet   ${escapeName(sprite.file)}  ${style.dim(tiles)}`,
      `  index   ${escapeName(sprite.index)}`,
    ];
  });
  return [...lines, `${counted(clips.length, 'clip')} with a proxy, ${found} with pictures`].join('\n');
}
