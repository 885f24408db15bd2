/**
 * The colours in the description of a QuickTime or MP4 picture (`colr`). FFmpeg lets those of
 * the bitstream replace them, also where the bitstream says only that it does not know; other
 * readers believe the description. Pure.
 */

import type { ColorTags, ContainerColor } from './media-info.js';
import { child, children } from './quicktime-boxes.js';

/** FFmpeg's names of the numbers of ITU-T H.273. */
const PRIMARIES: Readonly<Record<string, number>> = {
  ...{ bt709: 1, bt470m: 4, bt470bg: 5, smpte170m: 6, smpte240m: 7, film: 8, bt2020: 9, smpte428: 10 },
  ...{ smpte431: 11, smpte432: 12, ebu3213: 22 },
};
const TRANSFERS: Readonly<Record<string, number>> = {
  ...{ bt709: 1, bt470m: 4, bt470bg: 5, smpte170m: 6, smpte240m: 7, linear: 8, log100: 9, log316: 10 },
  ...{ 'iec61966-2-4': 11, bt1361e: 12, 'iec61966-2-1': 13, 'bt2020-10': 14, 'bt2020-12': 15, smpte2084: 16 },
  ...{ smpte428: 17, 'arib-std-b67': 18 },
};
const MATRICES: Readonly<Record<string, number>> = {
  ...{ gbr: 0, bt709: 1, fcc: 4, bt470bg: 5, smpte170m: 6, smpte240m: 7, ycgco: 8, bt2020nc: 9, bt2020c: 10 },
  ...{ smpte2085: 11, 'chroma-derived-nc': 12, 'chroma-derived-c': 13, ictcp: 14 },
};

const UNSPECIFIED = 2;

/** The head of a picture's description, before the boxes in it. */
export const PICTURE_HEAD = 78;

/** `table`: the body of `stbl`. Undefined where it has no colours that are numbers. */
export function readContainerColor(table: Buffer): ContainerColor | undefined {
  const descriptions = child(table, 'stsd')?.subarray(8);
  const [entry] = descriptions === undefined ? [] : [...children(descriptions)];
  const color = entry === undefined ? undefined : child(entry.body.subarray(PICTURE_HEAD), 'colr');
  if (color === undefined || color.length < 10 || !/^ncl[cx]/.test(color.toString('latin1', 0, 4))) return undefined;
  return { primaries: color.readUInt16BE(4), transfer: color.readUInt16BE(6), matrix: color.readUInt16BE(8) };
}

/** FFmpeg's tags as a description states them. */
export function colorNumbers({ primaries, transfer, matrix }: ColorTags): ContainerColor {
  const numberOf = (numbers: Readonly<Record<string, number>>, name: string | undefined) =>
    (name === undefined ? undefined : numbers[name]) ?? UNSPECIFIED;
  return {
    primaries: numberOf(PRIMARIES, primaries),
    transfer: numberOf(TRANSFERS, transfer),
    matrix: numberOf(MATRICES, matrix),
  };
}

/** As people write them: `9-16-9`. */
export const formatColor = ({ primaries, transfer, matrix }: ContainerColor): string =>
  `${primaries}-${transfer}-${matrix}`;
