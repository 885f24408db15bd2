/**
 * In which curve the camera recorded, as its own metadata states it: the XML of Sony beside
 * or inside a clip, and the labels of Sony in MXF. FFmpeg shows none of these.
 *
 * Reads a few kilobytes when asked. Nothing is guessed: what is not stated, or stated by a
 * label that is not known, is undefined.
 */

import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { labelledCurve } from './mxf-curve.js';
import { beginsAsMovie, child, readMovieHeader, readTopLevelBox } from './quicktime-boxes.js';

/** Metadata in XML is small; what is larger is none. */
const LARGEST = 1 << 20;

/** Undefined, too, where the file cannot be read: whoever opens it hears why. */
export async function readCameraCurve(master: RealPath): Promise<string | undefined> {
  const beside = await sidecarOf(master);
  const curve = beside === undefined ? undefined : curveOfXml(beside);
  if (curve !== undefined) return curve;
  try {
    const file = await open(master, 'r');
    try {
      return (await beginsAsMovie(file)) ? await curveOfMovie(file) : await labelledCurve(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Sony's non-real-time metadata: `<Item name="CaptureGammaEquation" value="s-log3-cine"/>`. */
export function curveOfXml(xml: string): string | undefined {
  const item = /<Item\b[^>]*\bname="CaptureGammaEquation"[^>]*>/i.exec(xml)?.[0];
  return item === undefined ? undefined : /\bvalue="([^"]+)"/i.exec(item)?.[1];
}

/** Sony writes C0001M01.XML beside C0001.MXF. */
async function sidecarOf(master: RealPath): Promise<string | undefined> {
  const stem = master.slice(0, master.length - extname(master).length);
  for (const path of [`${stem}M01.XML`, `${stem}M01.xml`, `${stem}.XML`]) {
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (size > 0 && size <= LARGEST) return await readFile(path, 'utf8').catch(() => undefined);
  }
  return undefined;
}

/** The same XML lies in a `meta` box of the file or of its header, so that a clip without its sidecar has it, too. */
async function curveOfMovie(file: FileHandle): Promise<string | undefined> {
  const movie = await readMovieHeader(file);
  const inside = movie === undefined ? undefined : child(movie.body, 'meta');
  for (const meta of [inside, await readTopLevelBox(file, 'meta', LARGEST)]) {
    if (meta === undefined) continue;
    // MP4 begins the box with version and flags, QuickTime does not; the box of the XML always does.
    const xml = child(meta.subarray(4), 'xml ') ?? child(meta, 'xml ');
    const curve = xml === undefined ? undefined : curveOfXml(xml.toString('utf8', 4));
    if (curve !== undefined) return curve;
  }
  return undefined;
}
