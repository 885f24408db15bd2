/** `proxyfs plan`: the recipe of a clip: the exact command, and why each argument is there. */

import type { Result } from '../../src/control/schema.js';
import { defineCommand } from '../command.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { quoteWord } from '../output/quote.js';
import { withSession } from '../session.js';
import type { Style } from '../terminal.js';

interface Arguments {
  readonly path: string | undefined;
  readonly profile: string | undefined;
}

export const plan = defineCommand<Arguments>({
  usage: 'plan <path>',
  summary: 'Show the command that makes the proxy of a clip, and why each argument is there',
  examples: [
    ['$0 plan A001/C003.mov', 'in the profile of the project'],
    ['$0 plan A001/C003.mov --profile proxy_dnxhr_lb', 'in another one'],
    ['$0 plan A001/C003.mov --json', 'for scripts'],
  ],
  options: (yargs) =>
    yargs
      .positional('path', { type: 'string', describe: 'A clip of the project' })
      .option('profile', { type: 'string', requiresArg: true, describe: "A profile; 'proxyfs profiles' lists them" }),
  run: async (args, terminal) => {
    const { profile } = args;
    const result = await withSession(args, [args.path ?? ''], terminal, ({ client, paths }) =>
      client.call('plan', { path: paths[0] ?? '', ...(profile === undefined ? {} : { profile }) }),
    );
    return { result, text: () => describe(result, terminal.style) };
  },
});

function describe(result: Result<'plan'>, style: Style): string {
  const { path, profile, profileVersion, engine, because, refused, command, output } = result;
  const head = `${style.bold(escapeName(path))} in profile ${profile} (version ${profileVersion}), engine ${engine}: ${escapeText(because)}`;
  if (refused !== null) return `${head}\nNo proxy is made: ${escapeText(refused.reason)}.`;
  const lines = [head];
  if (output !== null) {
    const { width, height, videoCodec, pixelFormat, timecode, streams, extension } = output;
    const facts = [`${width}x${height}`, `${videoCodec} (${pixelFormat})`, counted(streams, 'stream')];
    lines.push(
      `Makes ${extension}: ${[...facts, timecode === null ? 'no timecode' : `timecode ${timecode}`].join(', ')}`,
    );
  }
  lines.push(...division(result));
  if (command.length > 0) lines.push('', escapeText(command.map(quoteWord).join(' ')));
  return [...lines, '', ...reasons(result, style)].join('\n');
}

/** How a long clip is made; of short ones there is nothing to say. */
function division({ segments, isLong, engine }: Result<'plan'>): string[] {
  if (segments !== null) {
    const parts = `${segments.count} segments of ${segments.frames} frames`;
    return [
      `Encoded in ${parts}, kept when the work is interrupted, and joined to the same bytes as the command below`,
    ];
  }
  if (!isLong || engine !== 'ffmpeg') return [];
  const kinds = 'ProRes, DNxHR and H.264 at a constant rate, untrimmed, from a software encoder,';
  return [`Encoded in one piece: only ${kinds} can be joined without loss`];
}

function reasons({ arguments: all }: Result<'plan'>, style: Style): string[] {
  return all.flatMap(({ words, why }) => [
    escapeText(words.map(quoteWord).join(' ')),
    style.dim(`    ${escapeText(why)}`),
  ]);
}
