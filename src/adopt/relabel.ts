/**
 * Gives a proxy that somebody else made what its master says of itself beside picture and sound:
 * dates, camera metadata, languages, titles, track flags. Editors write their own date and few of the
 * camera's words; the packets are copied as they are, and the result is validated like any other file.
 */

import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { MakePlan } from '../generate/plan.js';
import type { ValidationReport } from '../validate/report.js';

const LABEL = /^(tag .+|(video|audio \d+) (language|title|track flags))$/;

/** Whether labels are all that differs, in a container whose labels can be written. */
export function differsInLabels({ ok, checks }: ValidationReport, { recipe }: MakePlan): boolean {
  return !ok && recipe.muxer !== 'mxf' && checks.every((check) => check.ok || LABEL.test(check.field));
}

export interface Relabelling {
  readonly plan: MakePlan;
  readonly master: RealPath;
  readonly proxy: RealPath;
  readonly output: RealPath;
  readonly signal?: AbortSignal | undefined;
}

export async function relabel(toolchain: Toolchain, relabelling: Relabelling): Promise<void> {
  const { plan, master, proxy, output, signal } = relabelling;
  const { recipe, media } = plan;
  const streams = recipe.expect.streams.flatMap(({ masterIndex }, position) => {
    const original = media.streams.find(({ index }) => index === masterIndex);
    const flags = original?.dispositions.join('+');
    return [
      ...[`-metadata:s:${position}`, `language=${original?.tags['language'] ?? 'und'}`],
      ...[`-disposition:${position}`, flags === undefined || flags === '' ? '0' : flags],
    ];
  });
  // Dates, titles and the form of the header as in a proxy of our own.
  const stated = recipe.arguments.flatMap(({ words }) =>
    /^-(metadata(:.*)?|movflags|movie_timescale|fflags|f)$/.test(words[0] ?? '') ? words : [],
  );
  const args = [
    ...['-loglevel', 'error', '-i', fileArgument(proxy), '-i', fileArgument(master)],
    // The timecode track is written anew from the tag of the proxy, which has been compared.
    ...['-map', '0', '-map', '-0:d', '-map', '-0:s', '-map', '-0:t', '-map_chapters', '-1', '-c', 'copy'],
    ...['-map_metadata', '1', ...streams, ...stated, '-f', recipe.muxer, '-y', fileArgument(output)],
  ];
  await runFfmpeg(toolchain, args, { signal, stallMs: 60_000 });
}
