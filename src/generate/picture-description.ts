/**
 * Writes what the header of a finished QuickTime or MP4 file has to say of its picture: `colr`
 * and `fiel` in the description of the picture's samples.
 */

import type { RealPath } from '../base/paths.js';
import type { ContainerColor } from '../probe/media-info.js';
import { child, children, makeBox } from '../probe/quicktime-boxes.js';
import { PICTURE_HEAD } from '../probe/quicktime-color.js';
import type { Expectation, Recipe } from '../profiles/recipe.js';
import { replaceBox, rewriteHeader } from './rewrite-header.js';

/** Throws 'pool/damaged' where the header is not the last part of the file. */
export async function writePictureDescription(
  proxy: RealPath,
  { muxer, expect }: Pick<Recipe, 'muxer' | 'expect'>,
): Promise<void> {
  const boxes = describedBoxes(muxer, expect);
  if (boxes.size === 0) return;
  await rewriteHeader(proxy, ({ body }) => {
    let described = false;
    return [...children(body)].map((box) => {
      const isPicture = !described && box.type === 'trak' && isPictureTrack(box.body);
      described ||= isPicture;
      const own = isPicture ? replaceBox(box.body, DESCRIPTIONS, (table) => withBoxes(table, boxes)) : box.body;
      return makeBox(box.type, own);
    });
  });
}

const DESCRIPTIONS: readonly string[] = ['mdia', 'minf', 'stbl', 'stsd'];

/** Cover art is no track. */
const isPictureTrack = (track: Buffer): boolean => child(track, 'mdia', 'hdlr')?.toString('latin1', 8, 12) === 'vide';

/** By type. */
function describedBoxes(muxer: string, { description, color }: Expectation): ReadonlyMap<string, Buffer> {
  const boxes = new Map<string, Buffer>();
  const order = FIELD_ORDERS[description?.fieldOrder ?? ''];
  if (order !== undefined) boxes.set('fiel', makeBox('fiel', Buffer.from([2, order])));
  if (description?.color !== undefined) boxes.set('colr', colorBox(muxer, description.color, color.range === 'pc'));
  return boxes;
}

/** QuickTime File Format: the field that is shown first, and whether it is also the one that is stored first. */
const FIELD_ORDERS: Readonly<Record<string, number>> = { tt: 1, bb: 6, tb: 9, bt: 14 };

/** MP4 also states the range. */
function colorBox(muxer: string, { primaries, transfer, matrix }: ContainerColor, isFull: boolean): Buffer {
  const isQuickTime = muxer === 'mov';
  const body = Buffer.alloc(isQuickTime ? 10 : 11);
  body.write(isQuickTime ? 'nclc' : 'nclx', 'latin1');
  [primaries, transfer, matrix].forEach((number, index) => {
    body.writeUInt16BE(number, 4 + 2 * index);
  });
  if (!isQuickTime) body.writeUInt8(isFull ? 0x80 : 0, 10);
  return makeBox('colr', body);
}

/** The first of the descriptions with these boxes in the place of those of the same type. */
function withBoxes(table: Buffer, boxes: ReadonlyMap<string, Buffer>): Buffer {
  const [entry, ...others] = [...children(table.subarray(TABLE_HEAD))];
  if (entry === undefined) return table;
  const inner = entry.body.subarray(PICTURE_HEAD);
  const own = [...children(inner)];
  const end = own.reduce((_, { body }) => body.byteOffset + body.length - inner.byteOffset, 0);
  const kept = own.filter(({ type }) => !boxes.has(type)).map(({ type, body }) => makeBox(type, body));
  // QuickTime ends the list with zeros, which are no box.
  const parts = [entry.body.subarray(0, PICTURE_HEAD), ...kept, ...boxes.values(), inner.subarray(end)];
  const rest = others.map(({ type, body }) => makeBox(type, body));
  return Buffer.concat([table.subarray(0, TABLE_HEAD), makeBox(entry.type, ...parts), ...rest]);
}

/** Version and number of descriptions. */
const TABLE_HEAD = 8;
