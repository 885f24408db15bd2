/**
 * The capture gamma that Sony cameras label MXF files with: in the description of the picture
 * in the header, and in the camera's acquisition metadata (SMPTE RDD 18), which lies beside
 * the first pictures.
 *
 * Both are sets of items with a local tag of two bytes, a length of two, and a value. Sets of
 * acquisition metadata come wrapped in packets; an item is looked for as bytes, whose first
 * ten are always the same.
 */

import type { FileHandle } from 'node:fs/promises';

/** Tag and length of the item, and what all labels begin with (SMPTE 298). */
const CAPTURE_GAMMA = Buffer.from('32100010060e2b340401', 'hex');
/** The label is 16 bytes; its first six are part of the above. */
const LABEL_AT = 4;

/** Labels of Sony, after the ten bytes that they have in common. Standard curves stand in the colour tags. */
const SONY = '060e2b34040101060e060401';
const CURVES: Readonly<Record<string, string>> = {
  [`${SONY}01010508`]: 'S-Log2',
  [`${SONY}01010604`]: 'S-Log3',
  [`${SONY}01010605`]: 'S-Log3-Cine',
  [`${SONY}01010705`]: 'S-Cinetone',
};

const KEY = 16;
const WINDOW = 64 * 1024;
/** Sets and packets are small; what is larger is picture or sound. */
const LARGEST_SET = 256 * 1024;
/** Elements from the beginning: the header has a hundred or two, and the first pictures a dozen each. */
const MOST_ELEMENTS = 1000;
/** Metadata of a picture may stand before or after it. */
const PICTURES = 2;
const RUN_IN = 64 * 1024;
const PREFIX = Buffer.from('060e2b34', 'hex');

/** undefined: no label, one that is not known, or no MXF at all. */
export async function labelledCurve(file: FileHandle): Promise<string | undefined> {
  const begin = (await readAt(file, 0, RUN_IN)).indexOf(PREFIX);
  if (begin < 0) return undefined;
  let [position, pictures] = [begin, 0];
  let window: { at: number; bytes: Buffer } = { at: 0, bytes: Buffer.alloc(0) };
  for (let element = 0; element < MOST_ELEMENTS && pictures <= PICTURES; element += 1) {
    const need = async (length: number) => {
      const from = position - window.at;
      if (from < 0 || from + length > window.bytes.length) {
        window = { at: position, bytes: await readAt(file, position, Math.max(length, WINDOW)) };
      }
      return window.bytes.subarray(position - window.at, position - window.at + length);
    };
    const head = await need(KEY + 9);
    const extent = head.subarray(0, 4).equals(PREFIX) ? extentOf(head) : undefined;
    if (extent === undefined) return undefined;
    if (isPicture(head)) pictures += 1;
    else if (extent.value <= LARGEST_SET) {
      const curve = curveIn(await need(extent.start + extent.value));
      if (curve !== undefined) return curve;
    }
    position += extent.start + extent.value;
  }
  return undefined;
}

/** The first label that is known: a camera that records in log may call the picture BT.709 in the header. */
function curveIn(bytes: Buffer): string | undefined {
  for (let at = bytes.indexOf(CAPTURE_GAMMA); at >= 0; at = bytes.indexOf(CAPTURE_GAMMA, at + 1)) {
    const curve = CURVES[bytes.toString('hex', at + LABEL_AT, at + LABEL_AT + 16)];
    if (curve !== undefined) return curve;
  }
  return undefined;
}

/** Length of an element in BER: one byte, or a count of bytes and as many of them. */
function extentOf(head: Buffer): { readonly start: number; readonly value: number } | undefined {
  const first = head[KEY] ?? 0x80;
  if (first < 0x80) return { start: KEY + 1, value: first };
  const bytes = first & 0x7f;
  if (bytes === 0 || bytes > 8 || head.length < KEY + 1 + bytes) return undefined;
  const value = head.subarray(KEY + 1, KEY + 1 + bytes).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.isSafeInteger(value) ? { start: KEY + 1 + bytes, value } : undefined;
}

/** Picture items of the generic container (SMPTE 379), also as D-10 numbers them. */
function isPicture(key: Buffer): boolean {
  return (
    key.toString('hex', 4, 7) === '010201' &&
    key.toString('hex', 8, 12) === '0d010301' &&
    [0x05, 0x15].includes(key[12] ?? 0)
  );
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
