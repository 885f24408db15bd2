/**
 * What FFmpeg's MXF muxer can say of colours where the codec says nothing itself: it has a
 * label for some, and one label for two names of the same. Pure.
 */

import type { ColorTags } from '../probe/media-info.js';

const LABELS = {
  primaries: ['bt709', 'bt470bg', 'smpte170m', 'bt2020', 'smpte432'],
  transfer: [...['bt709', 'smpte240m', 'linear', 'iec61966-2-4', 'bt2020-10', 'smpte2084', 'smpte428', 'arib-std-b67']],
};

/** The tags as readers of a label name them. */
export function asLabelled(color: ColorTags): ColorTags {
  const { matrix, primaries, transfer } = color;
  return {
    ...color,
    matrix: matrix === 'smpte170m' ? 'bt470bg' : matrix,
    primaries: primaries === 'smpte240m' ? 'smpte170m' : primaries,
    transfer: ALIASES[transfer ?? ''] ?? transfer,
  };
}

/** The same curve: ITU-T H.273 has several numbers for it. */
const ALIASES: Readonly<Record<string, string>> = { smpte170m: 'bt709', 'bt2020-12': 'bt2020-10' };

/** The first tag without a label; the matrix stands in the bitstream. */
export function unlabelledTag(color: ColorTags): { kind: string; value: string } | undefined {
  const labelled = asLabelled(color);
  for (const kind of ['primaries', 'transfer'] as const) {
    const value = labelled[kind];
    if (value !== undefined && !LABELS[kind].includes(value)) return { kind, value };
  }
  return undefined;
}
