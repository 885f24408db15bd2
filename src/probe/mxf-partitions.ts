/**
 * Whether an MXF file was finished: its header partition is closed by the recorder when it
 * stops, and a footer partition is the last thing that it writes (SMPTE 377).
 */

import type { FileHandle } from 'node:fs/promises';
import type { Incomplete } from './media-info.js';

/** A partition pack up to the byte that tells header, body and footer apart. */
const PARTITION_PACK = Buffer.from('060e2b34020501010d01020101', 'hex');
const FOOTER = 0x04;
/** Some writers close the footer only, and leave the header open. */
const OPEN_STATES = [1, 3];
const RUN_IN = 64 * 1024;
/** Index tables follow the footer's pack. */
const TAIL = 1024 * 1024;
/** From the beginning of the length: a byte that says how long the length is, then the fields. */
const FOOTER_OFFSET_AT = 24;

/** undefined: finished, or no MXF partition is found at all. */
export async function incompleteMxf(file: FileHandle): Promise<Incomplete | undefined> {
  const { size } = await file.stat();
  const head = await readAt(file, 0, RUN_IN + 256);
  const at = head.indexOf(PARTITION_PACK);
  if (at < 0 || at + 64 > head.length) return undefined;
  const isOpen = OPEN_STATES.includes(head[at + 14] ?? 0);
  const footer = footerOffset(head, at);
  if (footer >= size) return 'cut-off';
  if (footer > 0 && isFooter(await readAt(file, at + footer, 16), 0)) return undefined;
  const tail = await readAt(file, Math.max(0, size - TAIL), Math.min(TAIL, size));
  for (let place = tail.indexOf(PARTITION_PACK); place >= 0; place = tail.indexOf(PARTITION_PACK, place + 1)) {
    if (isFooter(tail, place)) return undefined;
  }
  return isOpen ? 'open' : 'cut-off';
}

function isFooter(bytes: Buffer, at: number): boolean {
  return bytes.subarray(at, at + PARTITION_PACK.length).equals(PARTITION_PACK) && bytes[at + 13] === FOOTER;
}

/** 0 where the header does not know it. */
function footerOffset(head: Buffer, at: number): number {
  const first = head[at + 16] ?? 0;
  const value = at + 17 + (first < 0x80 ? 0 : first & 0x7f);
  return value + FOOTER_OFFSET_AT + 8 <= head.length ? Number(head.readBigUInt64BE(value + FOOTER_OFFSET_AT)) : 0;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
