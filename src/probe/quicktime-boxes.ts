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
  const { size } = await file.stat();
  const head = Buffer.alloc(16);
  let position = 0;
  for (let count = 0; position + 8 <= size && count < TOP_LEVEL_LIMIT; count++) {
    const { bytesRead } = await file.read(head, 0, head.length, position);
    const extent = boxExtent(head.subarray(0, bytesRead), size - position);
    if (extent === undefined || HEADERS.has(head.toString('latin1', 4, 8))) return false;
    position += extent.length;
  }
  return position + 8 > size;
}

/** The body of the `moov` box; undefined when the file has none or it is damaged. */
export async function readMovieHeader(file: FileHandle): Promise<MovieHeader | undefined> {
  const { size } = await file.stat();
  let position = 0;
  for (let count = 0; position + 8 <= size && count < TOP_LEVEL_LIMIT; count++) {
    const head = Buffer.alloc(16);
    const { bytesRead } = await file.read(head, 0, 16, position);
    const extent = boxExtent(head.subarray(0, bytesRead), size - position);
    if (extent === undefined) return undefined;
    if (head.toString('latin1', 4, 8) === 'moov') {
      const length = extent.length - extent.header;
      if (length > MOVIE_LIMIT) return undefined;
      const body = Buffer.alloc(length);
      const read = await file.read(body, 0, length, position + extent.header);
      if (read.bytesRead !== length) return undefined;
      return { body, position: position + extent.header, fragmented: child(body, 'mvex') !== undefined };
    }
    position += extent.length;
  }
  return undefined;
}

/**
 * Whether the file ends before its last box does. Recorders write fragments whole: one that is not was
 * broken off, and programs disagree on how much of it they read.
 */
export async function endsInsideBox(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  const head = Buffer.alloc(16);
  let position = 0;
  for (let count = 0; position + 8 <= size && count < FRAGMENTS_LIMIT; count++) {
    const { bytesRead } = await file.read(head, 0, head.length, position);
    const extent = boxExtent(head.subarray(0, bytesRead), size - position);
    if (extent === undefined) return false;
    position += extent.length;
  }
  return position > size;
}

/** The body of the first box of a type that lies beside the header, if it is not larger than `most`. */
export async function readTopLevelBox(file: FileHandle, type: string, most: number): Promise<Buffer | undefined> {
  const { size } = await file.stat();
  const head = Buffer.alloc(16);
  let position = 0;
  for (let count = 0; position + 8 <= size && count < TOP_LEVEL_LIMIT; count++) {
    const { bytesRead } = await file.read(head, 0, head.length, position);
    const extent = boxExtent(head.subarray(0, bytesRead), size - position);
    if (extent === undefined) return undefined;
    if (head.toString('latin1', 4, 8) === type) {
      const body = Buffer.alloc(Math.min(extent.length - extent.header, most + 1));
      const read = await file.read(body, 0, body.length, position + extent.header);
      return body.length > most || read.bytesRead < body.length ? undefined : body;
    }
    position += extent.length;
  }
  return undefined;
}

/** The bodies of the boxes of a type that lie in the file itself, as far as they are whole. */
export async function* readBoxes(file: FileHandle, type: string): AsyncGenerator<Buffer> {
  const { size } = await file.stat();
  const head = Buffer.alloc(16);
  let position = 0;
  for (let count = 0; position + 8 <= size && count < FRAGMENTS_LIMIT; count++) {
    const { bytesRead } = await file.read(head, 0, head.length, position);
    const extent = boxExtent(head.subarray(0, bytesRead), size - position);
    if (extent === undefined || position + extent.length > size) return;
    const length = extent.length - extent.header;
    if (head.toString('latin1', 4, 8) === type && length <= MOVIE_LIMIT) {
      const body = Buffer.alloc(length);
      const read = await file.read(body, 0, length, position + extent.header);
      if (read.bytesRead !== length) return;
      yield body;
    }
    position += extent.length;
  }
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
