/**
 * The box structure of QuickTime and MP4 files: finds the movie header and walks it.
 * Bounds are checked everywhere: a damaged file gives fewer boxes, never an exception.
 */

import type { FileHandle } from 'node:fs/promises';

export interface Box {
  readonly type: string;
  readonly body: Buffer;
}

/** Larger movie headers (days of footage in one file) are not read into memory. */
const MOVIE_LIMIT = 256 * 1024 * 1024;
const TOP_LEVEL_LIMIT = 10_000;
/** Days of fragments of a second. */
const FRAGMENTS_LIMIT = 1_000_000;

export interface MovieHeader {
  readonly body: Buffer;
  /** Where the body lies in the file. */
  readonly position: number;
  /** The samples lie in movie fragments, so the header's tables do not list them all. */
  readonly fragmented: boolean;
}

/** Boxes that recorders begin a file with. */
const FIRST_BOXES: ReadonlySet<string> = new Set(['ftyp', 'mdat', 'wide', 'free', 'skip', 'moov', 'styp', 'pnot']);

/** Boxes that describe samples. */
const HEADERS: ReadonlySet<string> = new Set(['moov', 'moof']);

/** Whether a file begins as QuickTime and MP4 files do; FFmpeg goes by its name when it cannot tell. */
export async function beginsAsMovie(file: FileHandle): Promise<boolean> {
  const head = Buffer.alloc(8);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  return bytesRead === head.length && FIRST_BOXES.has(head.toString('latin1', 4, 8));
}

/**
 * Whether a file begins as a movie and is box after box to its end, none of them a header: then FFmpeg
 * cannot read it, either. Recordings and copies that were broken off are such.
 */
export async function lacksHeader(file: FileHandle): Promise<boolean> {
  if (!(await beginsAsMovie(file))) return false;
  let end = 0;
  for await (const box of boxesOf(file, TOP_LEVEL_LIMIT)) {
    if (HEADERS.has(box.type)) return false;
    end = box.end;
  }
  return end + 8 > (await file.stat()).size;
}

/** The body of the `moov` box; undefined when the file has none or it is damaged. */
export async function readMovieHeader(file: FileHandle): Promise<MovieHeader | undefined> {
  for await (const box of boxesOf(file, TOP_LEVEL_LIMIT)) {
    if (box.type !== 'moov') continue;
    const body = await bodyOf(file, box, MOVIE_LIMIT);
    return body && { body, position: box.position, fragmented: child(body, 'mvex') !== undefined };
  }
  return undefined;
}

/**
 * Whether the file ends before its last box does. Recorders write fragments whole: one that is not was
 * broken off, and programs disagree on how much of it they read.
 */
export async function endsInsideBox(file: FileHandle): Promise<boolean> {
  let end = 0;
  for await (const box of boxesOf(file, FRAGMENTS_LIMIT)) end = box.end;
  return end > (await file.stat()).size;
}

/** The body of the first box of a type that lies beside the header, if it is not larger than `most`. */
export async function readTopLevelBox(file: FileHandle, type: string, most: number): Promise<Buffer | undefined> {
  for await (const box of boxesOf(file, TOP_LEVEL_LIMIT)) if (box.type === type) return await bodyOf(file, box, most);
  return undefined;
}

/** The bodies of the boxes of a type that lie in the file itself, as far as they are whole. */
export async function* readBoxes(file: FileHandle, type: string): AsyncGenerator<Buffer> {
  for await (const box of boxesOf(file, FRAGMENTS_LIMIT)) {
    if (box.type !== type) continue;
    const body = await bodyOf(file, box, MOVIE_LIMIT);
    if (body !== undefined) yield body;
  }
}

interface FileBox {
  readonly type: string;
  /** Where the body begins, and where the box says that it ends: perhaps behind the file. */
  readonly position: number;
  readonly end: number;
}

/** The boxes that lie in the file itself, to the first that is damaged, and no more than `limit`. */
async function* boxesOf(file: FileHandle, limit: number): AsyncGenerator<FileBox> {
  const { size } = await file.stat();
  const head = Buffer.alloc(16);
  let at = 0;
  for (let count = 0; at + 8 <= size && count < limit; count++) {
    const { bytesRead } = await file.read(head, 0, head.length, at);
    const extent = boxExtent(head.subarray(0, bytesRead), size - at);
    if (extent === undefined) return;
    const end = at + extent.length;
    yield { type: head.toString('latin1', 4, 8), position: at + extent.header, end };
    at = end;
  }
}

/** Undefined: it is larger than `most`, or the file ends before. */
async function bodyOf(file: FileHandle, { position, end }: FileBox, most: number): Promise<Buffer | undefined> {
  const length = end - position;
  if (length > most || (await file.stat()).size < end) return undefined;
  const body = Buffer.alloc(length);
  return (await file.read(body, 0, length, position)).bytesRead === length ? body : undefined;
}

/** The boxes directly inside a body, as far as they are whole. */
export function* children(body: Buffer): Generator<Box> {
  let position = 0;
  while (position + 8 <= body.length) {
    const extent = boxExtent(body.subarray(position, position + 16), body.length - position);
    if (extent === undefined || extent.length > body.length - position) return;
    const end = position + extent.length;
    yield {
      type: body.toString('latin1', position + 4, position + 8),
      body: body.subarray(position + extent.header, end),
    };
    position = end;
  }
}

export function child(body: Buffer, ...path: readonly string[]): Buffer | undefined {
  let current: Buffer | undefined = body;
  for (const type of path) {
    if (current === undefined) return undefined;
    current = [...children(current)].find((box) => box.type === type)?.body;
  }
  return current;
}

/** A box of less than 4 GB around its parts. */
export function makeBox(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

function boxExtent(head: Buffer, available: number): { length: number; header: number } | undefined {
  if (head.length < 8) return undefined;
  const small = head.readUInt32BE(0);
  if (small === 0) return { length: available, header: 8 };
  if (small !== 1) return small < 8 ? undefined : { length: small, header: 8 };
  if (head.length < 16) return undefined;
  const large = Number(head.readBigUInt64BE(8));
  return large < 16 ? undefined : { length: large, header: 16 };
}
