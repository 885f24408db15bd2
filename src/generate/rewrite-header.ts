/**
 * Replaces the movie header of a finished QuickTime or MP4 file in place. What comes after it
 * would move, so it has to be the last part of the file.
 */

import { open } from 'node:fs/promises';
import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { children, type MovieHeader, makeBox, readMovieHeader } from '../probe/quicktime-boxes.js';

const BOX_HEAD = 8;

/** `parts`: the boxes of the new header, made of the old one. Throws 'pool/damaged' where it is not the last part. */
export async function rewriteHeader(path: RealPath, parts: (header: MovieHeader) => readonly Buffer[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const header = await readMovieHeader(file);
    const { size } = await file.stat();
    if (header === undefined || header.position + header.body.length !== size) {
      throw new ProxyfsError('pool/damaged', `the header of ${path} is not its last part`);
    }
    const movie = makeBox('moov', ...parts(header));
    const start = header.position - BOX_HEAD;
    await file.write(movie, 0, movie.length, start);
    await file.truncate(start + movie.length);
  } finally {
    await file.close();
  }
}

/** The boxes of a body, with another body for the one that lies along the path. */
export function replaceBox(body: Buffer, path: readonly string[], replace: (body: Buffer) => Buffer): Buffer {
  const [next, ...rest] = path;
  if (next === undefined) return replace(body);
  const parts = [...children(body)].map((box) =>
    makeBox(box.type, box.type === next ? replaceBox(box.body, rest, replace) : box.body),
  );
  return Buffer.concat(parts);
}
